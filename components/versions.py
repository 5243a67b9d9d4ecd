"""Every third-party version, pinned once: one line a version."""

from typing import Final

KUBERNETES: Final = "1.34"
"""The release whose schemas every object is checked against."""

STORE_IMAGES: Final[dict[str, dict[int, str]]] = {
    "postgres": {
        16: "docker.io/library/postgres:16.10",
        17: "docker.io/library/postgres:17.6",
    },
    "redis": {
        8: "docker.io/library/redis:8.2.1",
    },
}
"""Engine → major version → image."""
NATS_IMAGE: Final = "docker.io/library/nats:2.12.0"
RATE_LIMIT_IMAGE: Final = "docker.io/envoyproxy/ratelimit:3fb70258"
"""The project tags no releases: the commit that Envoy Gateway 1.7 ships."""
PROMETHEUS_IMAGE: Final = "docker.io/prom/prometheus:v3.15.0"
ALERTMANAGER_IMAGE: Final = "docker.io/prom/alertmanager:v0.31.1"
GRAFANA_IMAGE: Final = "docker.io/grafana/grafana:13.2.0"
KUBE_STATE_METRICS_IMAGE: Final = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0"
PROMETHEUS_ADAPTER_IMAGE: Final = "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0"
EXPORTER_IMAGES: Final[dict[str, str]] = {
    "nats": "docker.io/natsio/prometheus-nats-exporter:0.12.0",
    "postgres": "quay.io/prometheuscommunity/postgres-exporter:v0.17.1",
    "redis": "docker.io/oliver006/redis_exporter:v1.82.0",
}
"""Engine → the program that tells Prometheus of it."""
JAEGER_IMAGE: Final = "docker.io/jaegertracing/jaeger:2.13.0"
JAEGER_INDEX_CLEANER_IMAGE: Final = "docker.io/jaegertracing/jaeger-es-index-cleaner:1.76.0"
"""Of the same release, which has two numbers: 2 is Jaeger's own, 1 its module's and its tools'."""
COLLECTOR_IMAGE: Final = "docker.io/otel/opentelemetry-collector-contrib:0.158.0"
LOKI_IMAGE: Final = "docker.io/grafana/loki:3.7.8"
FLUENT_BIT_IMAGE: Final = "docker.io/fluent/fluent-bit:5.1.0"
JAVA_AGENT_IMAGE: Final = "ghcr.io/open-telemetry/opentelemetry-operator/autoinstrumentation-java:2.30.0"

ISTIO: Final = "1.31.1"
GATEWAY_API: Final = "1.7.0"
"""The first whose standard channel has retries."""

BASE_IMAGES: Final[dict[str, dict[str, str]]] = {
    "go": {"GO_IMAGE": "docker.io/library/golang:1.26.8-bookworm"},
    "java": {"MAVEN_IMAGE": "docker.io/library/maven:3.9.11-eclipse-temurin-17-noble"},
    "python": {"PYTHON_IMAGE": "docker.io/library/python:3.11.14-slim-bookworm"},
}
"""Language → build argument → the image that services of that language are built on."""
