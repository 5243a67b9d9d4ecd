"""The numbers that alerts watch and dashboards draw: each stands here once. Pure."""

from typing import Final

RPC_FAULTS: Final = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
"""gRPC's codes of the server's own faults (docs/services.md,
https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status)."""
RPC_FAULT: Final = "|".join(RPC_FAULTS)
"""The same as an expression for a matcher."""

FAST_BURN: Final = 14.4
"""Times the speed that would just spend the budget in its window: 2 % of 30 days' budget in an hour.

This and the next three: https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
"""
MIDDLE_BURN: Final = 6.0
"""5 % of 30 days' budget in 6 hours."""
SLOW_BURN: Final = 3.0
"""10 % of 30 days' budget in a day."""
SLOWEST_BURN: Final = 1.0
"""10 % of 30 days' budget in 3 days."""

P99_SECONDS: Final = 0.5
"""Seconds: slower requests are noticed by people. A boundary of the histograms' buckets."""
ERROR_SHARE: Final = 0.05
"""Share of requests that fail, from which on it is a surge, whatever is promised."""
ERRORS_PER_SECOND: Final = 0.1
"""Fewer failures than six a minute are no surge, whatever their share."""
QUANTILE_REQUESTS_PER_SECOND: Final = 0.1
"""Of fewer requests a 99th percentile is the slowest one."""

OLD_GENERATION_SHARE: Final = 0.8
"""Of the JVM's old generation: above it, collections follow each other closer and closer."""
GC_PAUSE_SHARE: Final = 0.1
"""Share of its time that a JVM stands still."""
GC_PAUSE_SECONDS: Final = 0.5
"""Of a JVM's longest pause: every request meanwhile is slower than P99_SECONDS."""
GOROUTINE_GROWTH: Final = 500
"""Goroutines by which the least number of an hour may grow in three hours."""
GO_MEMORY_SHARE: Final = 0.9
"""Of GOMEMLIMIT: above it, Go collects ever more often to stay below."""
MEMORY_SHARE: Final = 0.9
"""Of a container's memory limit, at which the kernel ends it."""
THROTTLED_SHARE: Final = 0.25
"""Share of the periods in which a container wanted more CPU than its limit."""
POOL_SHARE: Final = 0.9
"""Of a pool of connections, or of the connections that a database takes."""
VOLUME_SHARE: Final = 0.9
"""Of a volume. Prometheus keeps its own at 85 %."""
VOLUME_FULL_SHARE: Final = 0.97
"""Of a volume, whose writers are about to fail."""
BROKER_STORAGE_SHARE: Final = 0.85
"""Of the storage that JetStream may use; it refuses messages when that is full."""
LAG_SECONDS: Final = 300
"""How long a consumer would need for what waits."""
LONG_LAG_SECONDS: Final = 3600
"""The same, when whoever waits for the result has noticed."""
CERTIFICATE_DAYS: Final = 14
"""Days until a certificate expires; cert-manager renews it 30 days before unless told otherwise."""
LAST_CERTIFICATE_DAYS: Final = 3
MESH_CERTIFICATE_HOURS: Final = 6
"""Hours until a proxy's certificate of 24 h expires; it is renewed when half of its time has passed."""
STORE_MEMORY_SHARE: Final = 0.9
"""Of a Redis' maxmemory."""

QUEUE_SHARE: Final = 0.5
"""Of a Collector's queue: the other half is left to find out why it fills."""
SAMPLER_SHARE: Final = 0.8
"""Of the traces that a sampler has room for."""
