// Custom resource definitions: nothing is built from these modules, only files of theirs are read.
module polyglot/crds

go 1.27.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
	istio.io/api v1.31.1
	sigs.k8s.io/gateway-api v1.7.0
)
