"""Checks of autoscaling on requests and other metrics: somebody measures them, and somebody tells the autoscaler."""

import re
from collections.abc import Iterator
from typing import Final

from components.observability.arguments import MonitoredWorkload, ObservabilityArgs
from components.observability.custom_metrics.adapter import scaled_metrics
from components.specs.observability.metrics import MetricsBackend
from components.specs.scaling import Autoscaling
from stacks.document import Location, Problem
from stacks.schema.environment import ROOT
from stacks.schema.origins import Origins

_REQUEST_METRICS: Final = (*ROOT, "observability", "metrics", "request-metrics")
_OURS: Final = re.compile(r"requests_per_second|request_duration_p\d+_seconds")
_COUNTERS: Final = re.compile(r".*_(total|count|sum|bucket)")
_NO_VALUE: Final = "the autoscaler would find no value, and leave the number of Pods as it is"


def request_metrics_problems(args: ObservabilityArgs, origins: Origins) -> Iterator[Problem]:
    """Yield metrics that an autoscaler would ask for in vain, and an adapter that nobody asks."""
    metrics = args.settings.metrics
    if metrics.run_by is MetricsBackend.OPERATOR:
        return
    if metrics.request_metrics is not None and not scaled_metrics(args):
        yield origins.environment_document.problem(
            _REQUEST_METRICS,
            "is set, and no service here scales on requests or metrics of its own",
            consequence="a server with rights at the whole cluster would run for nobody",
            fix="drop it, or add requests-per-second, latency or metrics to a service's autoscaling",
        )
    for service in args.services:
        if service.autoscaling is None:
            continue
        for field in _asked(service.autoscaling):
            if metrics.request_metrics is None:
                yield origins.problem(
                    service.name,
                    ("autoscaling", *field),
                    "is no metric that anything here tells autoscalers",
                    _NO_VALUE,
                    "add observability.metrics.request-metrics: {issuer: NAME}, or scale on cpu",
                )
            else:
                yield from _measured(service, field, origins)


def _asked(scaling: Autoscaling) -> Iterator[Location]:
    if scaling.requests_per_second is not None:
        yield ("requests-per-second",)
    for quantile in scaling.latency:
        yield "latency", quantile
    for name in scaling.metrics:
        yield "metrics", name


def _measured(service: MonitoredWorkload, field: Location, origins: Origins) -> Iterator[Problem]:
    location = ("autoscaling", *field)
    own = str(field[1]) if field[0] == "metrics" else None
    if own is None:
        if not service.interfaces:
            yield origins.problem(
                service.name,
                location,
                "is about requests, and the service counts none",
                _NO_VALUE,
                "add a port called metrics beside its http or grpc port (docs/services.md), or scale on cpu",
            )
    elif service.endpoint is None:
        yield origins.problem(
            service.name,
            location,
            "is a metric of a service without a port called metrics",
            _NO_VALUE,
            "add the port on which it is served, or scale on cpu",
        )
    elif _OURS.fullmatch(own):
        yield origins.problem(
            service.name,
            location,
            "has the name of what the platform itself measures",
            "the autoscaler would be told one of the two",
            "use requests-per-second or latency, or rename the service's metric",
        )
    elif _COUNTERS.fullmatch(own):
        yield origins.problem(
            service.name,
            location,
            "has the name of a counter, which only grows",
            "the autoscaler would add Pods until it reaches its maximum, and never remove one",
            "name a gauge, such as jobs_waiting; for requests there is requests-per-second",
        )
