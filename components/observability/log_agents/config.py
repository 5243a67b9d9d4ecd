"""The configuration of the Collector that reads the logs of its node's containers. Pure.

https://opentelemetry.io/docs/collector/configuration/
"""

import json
from typing import Any, Final, assert_never

from components import identity
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.document import (
    FILE_STORAGE,
    HEALTH_CHECK,
    config_map,
    file_storage,
    health_check,
    own_telemetry,
)
from components.observability.collector.parts.exporters import BATCH_BYTES, SendingQueue, disk_queue, retry
from components.observability.collector.parts.processors import memory_limiter
from components.observability.log_agents.parsing import CRASH, LONGEST_LINE, operators
from components.observability.log_agents.redaction import redaction_processor
from components.observability.loki.server import OTLP_PATH
from components.observability.names import LOKI, LOKI_PORT, OTEL_AGENT, metric_receivers
from components.quantities import byte_count
from components.specs.observability.backends import KafkaServers, SearchServer
from components.specs.observability.logs import InLoki, Logs, LogsInElasticsearch, LogsInKafka

PODS_FOLDER: Final = "/var/log/pods"
"""Where kubelets have containers' logs: <namespace>_<Pod>_<UID>/<container>/<restarts>.log."""
STATE_FOLDER: Final = f"/var/lib/polyglot/{OTEL_AGENT}"
"""How far each file is read, and what waits to be sent."""
NODE_FOLDER: Final = "/hostfs"
"""Where the node's own network counters are."""
NODE_NAME: Final = "NODE_NAME"
PASSWORD: Final = "STORAGE_PASSWORD"  # noqa: S105 - the name of a variable
"""Variables that the configuration reads."""
FINGERPRINT: Final = 40
"""Bytes by which a file is known again, after it was renamed or packed, too: the first line's time, to the nanosecond.

They are kept on disk, and the default of 1000 would keep text in there that nothing has been taken out of.
"""
QUEUE_SHARE: Final = 0.5
"""Of the buffer, for what waits: the file also has pages that are free, or being copied."""


def agent_settings(args: ObservabilityArgs) -> Logs:
    """Return the settings of logs. Raises ValueError where the environment collects none."""
    if args.settings.logs is None:
        raise ValueError("without logs there is nothing that an agent could read")
    return args.settings.logs


def measures_nodes(args: ObservabilityArgs) -> bool:
    """Whether the agents measure their nodes: somebody must be known to push to."""
    return agent_settings(args).node_metrics and bool(metric_receivers(args))


def log_agent_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data. Raises ValueError where the environment collects no logs."""
    logs = agent_settings(args)
    exporter, sent = _storage_exporter(args, logs)
    lookups = {f"k8s_attributes/{name}": _pod_labels(name) for name in args.namespaces}
    measured = _node_metrics(args) if measures_nodes(args) else NOTHING
    return config_map(
        {
            "extensions": {
                FILE_STORAGE: file_storage(STATE_FOLDER),
                HEALTH_CHECK: health_check(),
            },
            "receivers": {"file_log": _file_log(args), **measured["receivers"]},
            "processors": {
                "memory_limiter": memory_limiter(logs.resources.memory_limit),
                **lookups,
                "transform": {"error_mode": "ignore", "log_statements": list(_STATEMENTS)},
                "redaction": redaction_processor(logs),
                **measured["processors"],
            },
            "exporters": {exporter: sent, **measured["exporters"]},
            "service": {
                "extensions": [FILE_STORAGE, HEALTH_CHECK],
                "telemetry": own_telemetry(),
                "pipelines": {
                    "logs": {
                        "receivers": ["file_log"],
                        "processors": ["memory_limiter", *lookups, "transform", "redaction"],
                        "exporters": [exporter],
                    },
                    **measured["pipelines"],
                },
            },
        }
    )


def _file_log(args: ObservabilityArgs) -> dict[str, Any]:
    """Read files from their beginning, the kubelet's rotated and packed ones too: an agent may have been away."""
    folders = [f"{PODS_FOLDER}/{name}_*/*" for name in args.namespaces]
    return {
        "include": [f"{folder}/*.log{ending}" for folder in folders for ending in ("", ".*")],
        # Half packed; the file that it is made from is still there.
        "exclude": [f"{folder}/*.tmp" for folder in folders],
        "compression": "auto",
        "start_at": "beginning",
        "include_file_name": False,
        "include_file_path": True,
        "fingerprint_size": FINGERPRINT,
        "max_log_size": LONGEST_LINE,
        # A line that a runtime has cut may have been cut at a blank.
        "preserve_leading_whitespaces": True,
        "preserve_trailing_whitespaces": True,
        # The kubelet looks every 10 s whether to rotate.
        "poll_interval": "500ms",
        "storage": FILE_STORAGE,
        # Whatever can't be passed on is tried again, and nothing more is read meanwhile.
        "retry_on_failure": {"enabled": True, **retry()},
        "resource": {"k8s.node.name": f"${{env:{NODE_NAME}}}"},
        "operators": operators(),
    }


def _pod_labels(namespace: str) -> dict[str, Any]:
    """Look up the Pods of this node in one namespace: so rights at that namespace are enough."""
    return {
        "filter": {"namespace": namespace, "node_from_env_var": NODE_NAME},
        # Without them the first records would lack their labels; a start that fails is tried again, and loses nothing.
        "wait_for_metadata": True,
        "wait_for_metadata_timeout": "30s",
        "pod_association": [{"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]}],
        "extract": {
            "metadata": ["k8s.pod.uid"],
            "labels": [
                {"from": "pod", "key": identity.NAME, "tag_name": "service.name"},
                {"from": "pod", "key": identity.TEAM, "tag_name": "team"},
            ],
        },
    }


_STATEMENTS: Final = (
    # A Pod that is gone already, or isn't ours: the main container is called like its workload.
    (
        'set(resource.attributes["service.name"], resource.attributes["k8s.container.name"])'
        ' where resource.attributes["service.name"] == nil'
    ),
    # OTTL's strings are escaped as JSON's are.
    (
        'set(log.severity_text, "ERROR") where log.severity_number == 0 and IsString(log.body)'
        f" and IsMatch(log.body, {json.dumps(CRASH)})"
    ),
    'set(log.severity_number, SEVERITY_NUMBER_ERROR) where log.severity_number == 0 and log.severity_text == "ERROR"',
    'set(log.severity_text, ConvertCase(log.severity_text, "lower")) where log.severity_text != ""',
    # A line that a killed agent reads again is then the same entry, and Loki keeps one of them.
    "set(log.observed_time_unix_nano, log.time_unix_nano) where log.time_unix_nano > 0",
)


def _storage_exporter(args: ObservabilityArgs, logs: Logs) -> tuple[str, dict[str, Any]]:
    """Return the exporter, by its id: its queue is on disk, and it never gives up; when full, reading stops."""
    waiting = disk_queue(int(byte_count(logs.buffer) * QUEUE_SHARE), blocks=True)
    match logs.storage:
        case InLoki():
            endpoint = f"http://{LOKI}.{args.namespace}:{LOKI_PORT}{OTLP_PATH}"
            sent = {"endpoint": endpoint, "timeout": "30s", "retry_on_failure": retry(), "sending_queue": waiting}
            return "otlp_http", sent
        case LogsInElasticsearch():
            return "elasticsearch", _elasticsearch(logs.storage.elasticsearch, waiting)
        case LogsInKafka():
            return "kafka", _kafka(logs.storage.kafka, waiting)
        case _:
            assert_never(logs.storage)


def _elasticsearch(server: SearchServer, waiting: SendingQueue) -> dict[str, Any]:
    # https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.158.0/exporter/elasticsearchexporter
    login = {"user": server.login.username, "password": f"${{env:{PASSWORD}}}"} if server.login else {}
    return {
        "endpoints": [server.url],
        "logs_index": f"{server.index_prefix}logs",
        "mapping": {"mode": "otel"},
        # It knows no number without an end.
        "retry": {"enabled": True, "max_retries": 2**31 - 1, "initial_interval": "1s", "max_interval": "30s"},
        "sending_queue": waiting,
        **login,
    }


def _kafka(servers: KafkaServers, waiting: SendingQueue) -> dict[str, Any]:
    # https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.158.0/exporter/kafkaexporter
    sasl = servers.login and {
        "username": servers.login.username,
        "password": f"${{env:{PASSWORD}}}",
        "mechanism": "SCRAM-SHA-512",
    }
    return {
        "brokers": [f"{broker}:{servers.port}" for broker in servers.brokers],
        "client_id": OTEL_AGENT,
        "logs": {"topic": servers.topic, "encoding": "otlp_json"},
        "tls": {"insecure": False},
        **({"auth": {"sasl": sasl}} if sasl else {}),
        # Every replica in sync has it, before it leaves the queue.
        "producer": {"required_acks": -1, "compression": "zstd", "max_message_bytes": 4 * BATCH_BYTES},
        "retry_on_failure": retry(),
        "sending_queue": waiting,
    }


NOTHING: Final[dict[str, dict[str, Any]]] = {"receivers": {}, "processors": {}, "exporters": {}, "pipelines": {}}


def _node_metrics(args: ObservabilityArgs) -> dict[str, dict[str, Any]]:
    """Measure the node, and push it to Prometheus, as the Collectors push what they make of spans.

    A container's own /proc tells of the whole node, but for the network; of the disks those count that logs and the
    agent fill.
    """
    mounted = {"match_type": "strict", "mount_points": [PODS_FOLDER, STATE_FOLDER]}
    without_connections = {"system.network.connections": {"enabled": False}}
    exporters = {
        f"otlp_http/metrics-{index}": {"endpoint": url}
        for index, url in enumerate(metric_receivers(args, outside=True))
    }
    return {
        "receivers": {
            "host_metrics": {
                "collection_interval": "30s",
                "scrapers": {
                    "cpu": {},
                    "load": {},
                    "memory": {},
                    "disk": {},
                    "filesystem": {"include_mount_points": mounted},
                },
            },
            "host_metrics/network": {
                "collection_interval": "30s",
                "root_path": NODE_FOLDER,
                "scrapers": {"network": {"metrics": without_connections}},
            },
        },
        "processors": {
            "resource/node": {
                "attributes": [
                    {"key": "service.name", "value": "node", "action": "upsert"},
                    {"key": "service.instance.id", "value": f"${{env:{NODE_NAME}}}", "action": "upsert"},
                ]
            }
        },
        "exporters": exporters,
        "pipelines": {
            "metrics": {
                "receivers": ["host_metrics", "host_metrics/network"],
                "processors": ["memory_limiter", "resource/node"],
                "exporters": list(exporters),
            }
        },
    }
