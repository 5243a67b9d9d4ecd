"""Fluent Bit as the agent that reads a node's logs: its configuration, and how it runs. Pure.

https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml
"""

import re
from datetime import timedelta
from typing import Any, Final

from components import versions
from components.observability.arguments import ObservabilityArgs
from components.observability.log_agents.config import PODS_FOLDER, agent_settings
from components.observability.log_agents.fluent_bit_outputs import output
from components.observability.log_agents.parsing import LONGEST_LINE
from components.observability.log_agents.redaction import patterns
from components.observability.log_agents.workload import CRITICAL, EXCEPTIONS, agent_environment
from components.observability.names import FLUENT_BIT
from components.quantities import byte_count
from components.specs.container import Mount
from components.specs.observability.logs import Logs
from components.specs.pod import ConfigVolume, HostPath
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.workload import WorkloadKind, WorkloadSpec
from components.yaml_text import yaml_file

FILE: Final = "fluent-bit.yaml"
CONFIG_FOLDER: Final = "/fluent-bit/config"
STATE_FOLDER: Final = f"/var/lib/polyglot/{FLUENT_BIT}"
HTTP_PORT: Final = 2020
CHUNK: Final = 2 * 1024 * 1024
"""Bytes: "chunks are never much larger" (https://docs.fluentbit.io/manual/administration/buffering-and-storage)."""
FEWEST_CHUNKS: Final = 16
TAKEN_OUT: Final = "[a line with a secret in it was taken out]"
"""It can replace fields, and not parts of a text, without code of one's own: so the whole line goes."""
_STREAMS: Final = ("pods", "stderr.pods")
"""Tags begin with one of these: stack traces are put together by tag, so the streams of a container need two."""
_BASE64: Final = r"^[A-Za-z0-9+/]{16,}={0,2}$"
"""A line of a key, whose other lines this agent does not see together with it."""


def fluent_bit_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data. Raises ValueError where the environment collects no logs."""
    logs = agent_settings(args)
    document = {
        "service": {
            "flush": 1,
            "log_level": "info",
            "http_server": "on",
            "http_listen": "0.0.0.0",  # noqa: S104 - its Pod's address
            "http_port": HTTP_PORT,
            "storage.path": f"{STATE_FOLDER}/chunks",
            "storage.sync": "normal",
            "storage.metrics": "on",
            # So many wait; then reading stops. A limit of the output's own would throw the oldest away.
            "storage.max_chunks_up": max(FEWEST_CHUNKS, byte_count(logs.buffer) // CHUNK),
        },
        "parsers": [{"name": "file", "format": "regex", "regex": _FILE}],
        "pipeline": {"inputs": [_tail(args, logs)], "filters": _filters(), "outputs": [output(args, logs)]},
    }
    return {FILE: yaml_file(document)}


def fluent_bit_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the DaemonSet, for ``logs.namespace``. Raises ValueError where the environment collects no logs."""
    logs = agent_settings(args)
    # Its own health check counts refusals of the storage: a restart would not help against these.
    probe = {"http": "/", "port": METRICS}
    return WorkloadSpec(
        kind=WorkloadKind.DAEMON_SET,
        image=versions.FLUENT_BIT_IMAGE,
        ports={METRICS: Port(number=HTTP_PORT, path="/api/v2/metrics/prometheus")},
        args=(f"--config={CONFIG_FOLDER}/{FILE}",),
        env=agent_environment(logs),
        volumes={
            "config": ConfigVolume(config=FLUENT_BIT),
            "pods": HostPath(host_path=PODS_FOLDER),
            "state": HostPath(host_path=STATE_FOLDER, writable=True),
        },
        mounts={
            CONFIG_FOLDER: Mount(volume="config"),
            PODS_FOLDER: Mount(volume="pods"),
            STATE_FOLDER: Mount(volume="state"),
        },
        probes=Probes(
            startup=Probe(**probe, period=timedelta(seconds=5), failures=24),
            readiness=Probe(**probe),
            liveness=Probe(**probe, failures=6),
        ),
        resources=logs.resources,
        pod_user=0,
        priority_class=CRITICAL,
        exceptions=EXCEPTIONS,
    )


def as_ruby(pattern: str) -> str:
    """Return a pattern of RE2 as Onigmo reads it: its ``m`` is RE2's ``s``, and lines end where RE2's ``m`` has them.

    https://github.com/k-takata/Onigmo/blob/master/doc/RE
    """

    def flags(found: re.Match[str]) -> str:
        kept = "".join({"i": "i", "s": "m"}.get(flag, "") for flag in found[1])
        return f"(?{kept}{found[2]}" if kept or found[2] == ":" else ""

    translated = re.sub(r"\\Q(.*?)(?:\\E|$)", lambda found: re.escape(found[1]), pattern)
    translated = re.sub(r"\\([pP])([A-Z])", r"\\\1{\2}", translated)
    translated = re.sub(r"\(\?([imsU]+)(:|\))", flags, translated).replace("(?P<", "(?<")
    # Fluent Bit would look for a variable.
    return re.sub(r"\\?\$\{", "[$]{", translated)


_FILE: Final = (
    r"^(?<namespace_name>[^_]+)_(?<pod_name>[^_]+)_(?<docker_id>[0-9a-f-]+)\.(?<container_name>[^.]+)\.\d+\.log"
)
"""Of a tag, which is the file's path with dots."""


def _tail(args: ObservabilityArgs, logs: Logs) -> dict[str, Any]:
    """https://docs.fluentbit.io/manual/data-pipeline/inputs/tail."""
    folders = [f"{PODS_FOLDER}/{name}_*/*" for name in args.namespaces]
    found = [as_ruby(pattern) for pattern in (*patterns(logs), _BASE64)]
    return {
        "name": "tail",
        "tag": f"{_STREAMS[0]}.*",
        "path": ",".join(f"{folder}/*.log{ending}" for folder in folders for ending in ("", ".*")),
        # It can't read packed files.
        "exclude_path": ",".join(f"{folder}/*.{ending}" for folder in folders for ending in ("gz", "tmp")),
        "multiline.parser": "cri",
        "db": f"{STATE_FOLDER}/files.db",
        "db.locking": "true",
        "read_from_head": "true",
        "refresh_interval": 5,
        "rotate_wait": 30,
        "buffer_max_size": LONGEST_LINE,
        "storage.type": "filesystem",
        "storage.pause_on_chunks_overlimit": "on",
        # Processors of an input come before its storage.
        "processors": {
            "logs": [
                {
                    "name": "content_modifier",
                    "action": "upsert",
                    "key": "log",
                    "value": TAKEN_OUT,
                    "condition": {
                        "op": "or",
                        "rules": [{"field": "$log", "op": "regex", "value": pattern} for pattern in found],
                    },
                }
            ]
        },
    }


def _filters() -> list[dict[str, Any]]:
    """Give standard error a tag of its own, put stack traces together, then look up Pods and read JSON."""
    on_disk = {"emitter_storage.type": "filesystem"}
    return [
        # https://docs.fluentbit.io/manual/data-pipeline/filters/rewrite-tag
        {
            "name": "rewrite_tag",
            "match": f"{_STREAMS[0]}.*",
            "rule": "$stream ^stderr$ stderr.$TAG false",
            "emitter_name": "streams",
            **on_disk,
        },
        # https://docs.fluentbit.io/manual/data-pipeline/filters/multiline-stacktrace
        {
            "name": "multiline",
            "match": "*",
            "multiline.key_content": "log",
            "multiline.parser": "java, go, python",
            "buffer": "on",
            "flush_ms": 1000,
            "emitter_name": "traces",
            **on_disk,
        },
        # https://docs.fluentbit.io/manual/data-pipeline/filters/kubernetes
        *(
            {
                "name": "kubernetes",
                "match": f"{tag}.*",
                "kube_tag_prefix": f"{tag}{PODS_FOLDER.replace('/', '.')}.",
                "regex_parser": "file",
                "merge_log": "on",
                "merge_log_key": "fields",
                "keep_log": "on",
                "labels": "on",
                "annotations": "off",
            }
            for tag in _STREAMS
        ),
    ]
