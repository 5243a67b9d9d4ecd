"""Parts of PromQL that dashboards share.

``$service`` is the dashboard's variable. ``$__rate_interval`` is what Grafana makes of the time shown: never less than
four scrapes, so that no rate is computed from a single sample.
"""

from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.measures import MEASURES, Measure

SERVICE: Final = 'service=~"$service"'
"""Matches the services that are chosen."""
RATE: Final = "$__rate_interval"


def measures(args: ObservabilityArgs) -> tuple[Measure, ...]:
    """Return how requests are measured by the interfaces that services of this platform have."""
    present = {interface for service in args.services for interface in service.interfaces}
    return tuple(measure for interface, measure in MEASURES.items() if interface in present)


def slowest(histogram: str, *by: str) -> str:
    """Return the 99th percentile of a histogram of the chosen services' own, by labels."""
    return (
        f"histogram_quantile(0.99, sum by ({', '.join((*by, 'le'))}) (rate({histogram}_bucket{{{SERVICE}}}[{RATE}])))"
    )


def share(part: str, whole: str) -> str:
    """Return `part` over `whole`, and nothing rather than NaN where there is no traffic."""
    return f"{part} / ({whole} > 0)"


def failed_share(failed: str, whole: str) -> str:
    """Return the share of `whole` that failed: 0 before the first failure, and nothing where there is no traffic."""
    return share(f"({failed} or {whole} * 0)", whole)


def of_services(container: str) -> str:
    """Return a container's series with the label ``service`` of its Pod, summed by it."""
    return f"sum by (service) ({_named(container)})"


def of_chosen_services(container: str, *, by: str = "service, pod") -> str:
    """Return the same for the services that are chosen, by Pod where not said otherwise."""
    return f"sum by ({by}) ({_named(container, SERVICE)})"


def in_namespace(args: ObservabilityArgs, *more: str) -> str:
    """Return the selector of this platform's objects: kubelets and kube-state-metrics may know others."""
    return "{" + ", ".join([f'namespace="{args.namespace}"', *more]) + "}"


def _named(container: str, selected: str = "") -> str:
    info = f"pod:service:info{{{selected}}}" if selected else "pod:service:info"
    return f"{container} * on (namespace, pod) group_left (service) {info}"
