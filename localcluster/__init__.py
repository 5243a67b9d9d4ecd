"""A real Kubernetes API server for tests, from Go modules: etcd, kube-apiserver, the controllers that delete."""
