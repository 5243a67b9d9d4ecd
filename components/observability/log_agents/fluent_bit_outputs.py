"""Where Fluent Bit sends logs. Pure.

https://docs.fluentbit.io/manual/data-pipeline/outputs
"""

from typing import Any, Final, assert_never
from urllib.parse import urlsplit

from components import identity
from components.observability.arguments import ObservabilityArgs
from components.observability.log_agents.config import PASSWORD
from components.observability.names import LOKI, LOKI_PORT
from components.specs.observability.backends import KafkaServers, SearchServer, address
from components.specs.observability.logs import InLoki, Logs, LogsInElasticsearch, LogsInKafka

_FOREVER: Final = {"match": "*", "retry_limit": "no_limits"}


def output(args: ObservabilityArgs, logs: Logs) -> dict[str, Any]:
    """Return the plugin that sends to the storage, again and again until that has taken it."""
    match logs.storage:
        case InLoki():
            return _loki(args)
        case LogsInElasticsearch():
            return _elasticsearch(logs.storage.elasticsearch)
        case LogsInKafka():
            return _kafka(logs.storage.kafka)
        case _:
            assert_never(logs.storage)


def _loki(args: ObservabilityArgs) -> dict[str, Any]:
    """https://docs.fluentbit.io/manual/data-pipeline/outputs/loki, under the names that the Collector's records get."""
    label = "$kubernetes['labels']['{}']".format
    metadata = {
        "trace_id": "$fields['trace_id']",
        "span_id": "$fields['span_id']",
        "team": label(identity.TEAM),
        "k8s_pod_name": "$kubernetes['pod_name']",
        "k8s_container_name": "$kubernetes['container_name']",
        "log_iostream": "$stream",
    }
    labels = {
        "service_name": label(identity.NAME),
        "k8s_namespace_name": "$kubernetes['namespace_name']",
        "severity_text": "$fields['level']",
    }
    return {
        "name": "loki",
        "host": f"{LOKI}.{args.namespace}",
        "port": LOKI_PORT,
        "labels": ", ".join(f"{name}={source}" for name, source in labels.items()),
        "structured_metadata": ", ".join(f"{name}={source}" for name, source in metadata.items()),
        # What is left is the line itself.
        "remove_keys": "kubernetes, fields, stream, time, _p",
        "drop_single_key": "raw",
        **_FOREVER,
    }


def _elasticsearch(server: SearchServer) -> dict[str, Any]:
    """https://docs.fluentbit.io/manual/data-pipeline/outputs/elasticsearch."""
    host, port = address(server.url)
    login = {"http_user": server.login.username, "http_passwd": f"${{{PASSWORD}}}"} if server.login else {}
    return {
        "name": "es",
        "host": host,
        "port": port,
        "path": urlsplit(server.url).path,
        "index": f"{server.index_prefix}logs",
        "suppress_type_name": "on",
        "replace_dots": "on",
        # What is sent again gets the same id, and so is there once.
        "generate_id": "on",
        "tls": "on" if server.url.startswith("https:") else "off",
        "tls.verify": "on",
        **login,
        **_FOREVER,
    }


def _kafka(servers: KafkaServers) -> dict[str, Any]:
    """https://docs.fluentbit.io/manual/data-pipeline/outputs/kafka."""
    login: dict[str, Any] = {"rdkafka.security.protocol": "ssl"}
    if servers.login:
        login = {
            "rdkafka.security.protocol": "sasl_ssl",
            "rdkafka.sasl.mechanism": "SCRAM-SHA-512",
            "rdkafka.sasl.username": servers.login.username,
            "rdkafka.sasl.password": f"${{{PASSWORD}}}",
        }
    return {
        "name": "kafka",
        "brokers": ",".join(f"{broker}:{servers.port}" for broker in servers.brokers),
        "topics": servers.topic,
        "format": "json",
        "rdkafka.request.required.acks": -1,
        "queue_full_retries": 0,
        **login,
        **_FOREVER,
    }
