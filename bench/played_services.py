"""`python -m bench.played_services SERVICES PORT`: play all Pods of a generated platform, its kubelets and its objects.

Counters grow with time, each at its own pace; everything else stands still.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import product
from typing import Final

from bench.observed import REPLICAS, SERIES, platform, scraped, watched
from bench.projects import REPOSITORY
from components.observability.arguments import Interface, MonitoredWorkload, ObservabilityArgs
from components.specs.container import Language
from tests.integration.observability.pages import serving
from tests.observability.foreign_metrics import SOURCES

_TELEMETRY: Final = json.loads((REPOSITORY / "services/testdata/telemetry.json").read_text())
_METHODS: Final = ("Get", "List", "Create", "Delete")
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "le": (*(f"{bound:g}" for bound in _TELEMETRY["buckets"]), "+Inf"),
    "method": _METHODS,
    "route": ("/api",),
    "destination": ("event.created",),
    "outcome": ("scheduled", "dead_lettered"),
    "dependency": ("other",),
    "area": ("heap", "nonheap"),
    "id": ("Tenured Gen", "Eden Space"),
    "state": ("runnable", "blocked"),
    "reason": ("OOMKilled", "Error"),
    "resource": ("cpu", "memory"),
    "condition": ("true", "false"),
    "phase": ("Running", "Pending", "Failed"),
    "quantile": ("0", "1"),
    "generation": ("0", "1", "2"),
}
"""Label → the values that a Pod has of it; one for others."""
_CODES: Final = {Interface.HTTP: ("200", "503"), Interface.RPC: ("OK", "UNAVAILABLE")}
_HISTOGRAMS: Final = {
    Interface.HTTP: "http_server_request_duration_seconds",
    Interface.RPC: "rpc_server_duration_seconds",
    Interface.MESSAGING: "messaging_process_duration_seconds",
}
_RUNTIMES: Final = {
    Language.GO: ("process", "go"),
    Language.JAVA: ("jvm", "hikaricp"),
    Language.PYTHON: ("process", "python"),
}
_GROWING: Final = ("_total", "_count", "_sum", "_bucket")


def main() -> None:
    """Serve until somebody ends it."""
    services, port = (int(argument) for argument in sys.argv[1:])
    args = watched(platform(services))
    with serving({path: partial(_at, page) for path, page in _pages(args).items()}, port=port):
        threading.Event().wait()


def _pages(args: ObservabilityArgs) -> dict[str, tuple[str, ...]]:
    """Return path → the series that it shows; services of one kind share a page, and so its text."""
    kinds = {(one.language, one.interfaces): tuple(_service(one)) for one in scraped(args)}
    pages = {f"/pod/{one.name}": kinds[one.language, one.interfaces] for one in scraped(args)}
    pods = [
        {"namespace": args.namespace, "pod": f"{one.name}-{index}", "container": one.name, "service": one.name}
        for one in scraped(args)
        for index in range(REPLICAS)
    ]
    return pages | {
        "/objects": tuple(_objects(args, pods)),
        "/cadvisor": tuple(_of("cadvisor", pods)),
        "/kubelet": tuple(_of("kubelet", pods[:1])),
    }


def _service(service: MonitoredWorkload) -> Iterator[str]:
    """Yield the series of one Pod: of requests, of its runtime, and as many others as real ones have."""
    found = [series for interface in service.interfaces for series in _requests(interface)]
    runtimes = _RUNTIMES[service.language]
    found += [series for source in runtimes for series in _of(source, [{}])]
    yield from found
    yield from (f"unused_{index}" for index in range(SERIES[service.language] - len(found)))


def _requests(interface: Interface) -> Iterator[str]:
    for part in ("bucket", "count", "sum"):
        name = _HISTOGRAMS[interface]
        labels = [*_TELEMETRY["metrics"][name]["labels"], *(["le"] if part == "bucket" else [])]
        values = {**_VALUES, "code": _CODES.get(interface, ())}
        yield from _series(f"{name}_{part}", labels, {}, values)


def _of(source: str, owners: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield a source's series, once for each owner, with those of the owner's labels that the source has."""
    for owner in owners:
        labels = {name: value for name, value in owner.items() if name != "service"}
        for name, own in SOURCES[source].metrics.items():
            yield from _series(name, own, labels, _VALUES)


def _objects(args: ObservabilityArgs, pods: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield what kube-state-metrics says of Pods and of their Deployments."""
    metrics = SOURCES["kube-state-metrics"].metrics
    for pod in pods:
        named = {"label_app_kubernetes_io_name": (pod["service"],), "label_polyglot_dev_team": ("bench",)}
        owner = {name: value for name, value in pod.items() if name != "service"}
        kinds = {"kube_pod_": owner}
        if pod["pod"].endswith("-0"):
            kinds["kube_deployment_"] = {"namespace": args.namespace, "deployment": pod["service"]}
        for name, labels in metrics.items():
            for prefix, whose in kinds.items():
                if name.startswith(prefix) and "persistentvolumeclaim" not in name:
                    given = {key: value for key, value in whose.items() if key != "container" or "_container_" in name}
                    yield from _series(name, labels, given, {**_VALUES, **named})


def _series(
    name: str, labels: Iterable[str], given: Mapping[str, str], values: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    own = [label for label in labels if label not in given]
    for chosen in product(*(values.get(label, ("a",)) for label in own)):
        pairs = {**given, **dict(zip(own, chosen, strict=True))}
        yield name + "{" + ",".join(f'{label}="{value}"' for label, value in pairs.items()) + "}"


@cache
def _pace(series: str) -> float:
    """Return by how much a series grows each second; faults seldom happen."""
    if not series.partition("{")[0].endswith(_GROWING):
        return 0.0
    return 0.001 if any(word in series for word in ("503", "UNAVAILABLE", "dead_lettered")) else 1.0


_texts: dict[tuple[str, ...], tuple[int, bytes]] = {}


def _at(page: tuple[str, ...]) -> bytes:
    """Return a page's text in this second. The same for all of one kind, so it is made once."""
    now = int(time.time())
    known = _texts.get(page)
    if known is None or known[0] != now:
        grown = now % 86400
        lines = (f"{series} {_pace(series) * grown:.3f}" if _pace(series) else f"{series} 1" for series in page)
        known = now, ("\n".join(lines) + "\n").encode()
        _texts[page] = known
    return known[1]


if __name__ == "__main__":
    main()
