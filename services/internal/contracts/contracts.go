// Package contracts generates code from the protos (go generate), and its tests check both, with buf (PyPI: buf-bin) from PATH
// or as BUF names it. The code is committed because go build, unlike Maven, has no step in which it could be made.
package contracts

//go:generate sh -c "cd ../.. && ${BUF:-buf} generate proto --template proto/buf.gen.yaml"
