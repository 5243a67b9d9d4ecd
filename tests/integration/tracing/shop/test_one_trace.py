"""A request at the gateway is one trace: through Go, Java and Python, and through NATS, found in Jaeger."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.shopping import sign_up
from tests.integration.contracts.test_traces import SPAN, b3_multi, b3_single, w3c, w3c_and_b3
from tests.integration.servers.jaeger import Span, Trace
from tests.integration.tracing.shop.traced_shop import RELEASE, TracedShop, starts

EVERY: Final = ("gateway", "users", "orders", "recommendations", "fulfilment")
BAGGAGE: Final = {"baggage": "tenant=acme,session=s-1"}
CALLS: Final = {("gateway", "orders"), ("gateway", "users"), ("gateway", "recommendations"), ("orders", "users")}
"""Caller and called, of an order and the page that shows it (docs/services.md)."""


def paths(trace: Trace) -> dict[str, set[tuple[str, ...]]]:
    """Service → the ways on which its spans have come about, from the first service to it, each named once in a row."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for span in trace.spans:
        found.setdefault(span.service, set()).add(_path(trace, span))
    return found


def _path(trace: Trace, span: Span) -> tuple[str, ...]:
    names = [one.service for one in trace.lineage(span)]
    return tuple(name for index, name in enumerate(names) if index == 0 or names[index - 1] != name)


def order_and_look(traced: TracedShop, headers: Mapping[str, str]) -> str:
    """Order, and look at the order's page, with these headers on both; return the order's id."""
    with traced.services["users"].client() as users:
        user = sign_up(users)
    gateway = traced.services["gateway"]
    created = shopping.order(gateway, user.id, headers=headers)
    assert created.status_code == 201, created.text
    with gateway.http() as client:
        client.get(created.headers["location"], headers=dict(headers)).raise_for_status()
    return created.json()["id"]


@pytest.mark.parametrize("headers", [w3c, b3_single, b3_multi, w3c_and_b3])
def test_a_caller_s_trace_goes_through_every_service_in_its_order(
    traced: TracedShop, headers: Callable[[str], dict[str, str]]
) -> None:
    identifier = secrets.token_hex(16)
    order_and_look(traced, headers(identifier))
    trace = traced.until_traced(identifier, *EVERY, calls=CALLS)
    assert starts(trace) == {SPAN}, f"the caller's span is where it all begins\n{trace.drawn()}"
    assert {span.service for span in trace.roots} == {"gateway"}, trace.drawn()
    assert paths(trace) == {
        "gateway": {("gateway",)},
        "orders": {("gateway", "orders")},
        "users": {("gateway", "users"), ("gateway", "orders", "users")},
        "recommendations": {("gateway", "recommendations")},
        "fulfilment": {("gateway", "orders", "fulfilment")},
    }, trace.drawn()


def test_each_call_is_a_client_s_span_with_the_server_s_below_it(traced: TracedShop) -> None:
    identifier = secrets.token_hex(16)
    order_and_look(traced, w3c(identifier))
    trace = traced.until_traced(identifier, *EVERY, calls=CALLS)
    seen = set()
    for span in trace.spans:
        if span.service != "gateway" and span.tags.get("span.kind") == "server":
            *_, caller, _ = trace.lineage(span)
            assert caller.tags["span.kind"] == "client", f"{span.operation} is called by {caller.operation}"
            assert caller.start <= span.start, "nobody answers before being asked"
            seen.add((caller.service, span.service))
    assert seen == CALLS, trace.drawn()
    (consumer,) = trace.of("fulfilment")[:1]
    assert consumer.tags["span.kind"] == "consumer"
    assert trace.lineage(consumer)[-2].service == "orders", "the event's trace is its request's, and not the relay's"


def test_a_request_without_a_trace_has_one_root(traced: TracedShop) -> None:
    """What is not known beforehand is read from the log of the request, as an operator does."""
    gateway = traced.services["gateway"]
    with traced.services["users"].client() as users:
        user = sign_up(users)
    created = shopping.order(gateway, user.id)
    (line,) = traced.services["fulfilment"].until_logged(msg="shipment scheduled", order_id=created.json()["id"])
    trace = traced.until_traced(line["trace_id"], "gateway", "orders", "users", "fulfilment")
    (root,) = trace.roots
    assert (root.service, root.parent, root.tags["span.kind"]) == ("gateway", None, "server"), trace.drawn()


def test_a_request_that_its_caller_does_not_record_is_not_recorded(traced: TracedShop) -> None:
    """The tests above can fail: whoever decides, decides for all."""
    silent, loud = secrets.token_hex(16), secrets.token_hex(16)
    order_and_look(traced, {"traceparent": f"00-{silent}-{SPAN}-00"})
    order_and_look(traced, w3c(loud))
    traced.until_traced(loud, *EVERY)
    assert traced.jaeger.trace(silent) is None


def test_baggage_arrives_at_the_end(traced: TracedShop) -> None:
    """With the event, before its consumer; that this one reads it there is a test of its own (OrderWorkerTest.java)."""
    identifier = secrets.token_hex(16)
    order = order_and_look(traced, {**b3_multi(identifier), **BAGGAGE})
    trace = traced.until_traced(identifier, *EVERY)
    assert traced.shop.broker is not None
    (event,) = [one for one in traced.shop.broker.messages("ORDERS") if order.encode() in one.data]
    assert sorted(event.headers["baggage"].split(",")) == ["session=s-1", "tenant=acme"]
    (consumer,) = trace.of("fulfilment")[:1]
    assert event.headers["traceparent"].split("-")[1:3] == [identifier, consumer.parent], "it is this trace's event"


def test_spans_say_which_service_version_environment_and_team_they_are_of(traced: TracedShop) -> None:
    identifier = secrets.token_hex(16)
    order_and_look(traced, w3c(identifier))
    trace = traced.until_traced(identifier, *EVERY)
    for name in EVERY:
        expected = {
            "service.namespace": traced.args.part_of,
            "service.version": RELEASE,
            "deployment.environment.name": "development",
            "k8s.namespace.name": traced.args.namespace,
            "k8s.pod.name": f"{name}-0",
            "team": traced.platform.workloads[name].team,
        }
        for span in trace.of(name):
            assert expected.items() <= span.resource.items(), f"{name}: {span.resource}"


def test_spans_are_counted_with_exemplars_that_lead_to_a_trace(traced: TracedShop) -> None:
    started = time.time()
    order_and_look(traced, w3c(secrets.token_hex(16)))
    for name in EVERY:
        query = f'sum(traces_span_metrics_calls_total{{service_name="{name}"}})'
        traced.prometheus.until(lambda asked=query: traced.prometheus.query(asked), f"{name} is counted", within=30)
    bucket = 'traces_span_metrics_duration_milliseconds_bucket{service_name="users", span_kind="SPAN_KIND_SERVER"}'
    (exemplar, *_) = traced.prometheus.until(
        lambda: traced.prometheus.exemplars(bucket, start=started, end=time.time()), "there is one", within=30
    )
    assert "users" in traced.jaeger.until_found(exemplar["trace_id"]).services


def test_calls_between_services_are_counted(traced: TracedShop) -> None:
    def edges() -> set[tuple[str, str]]:
        order_and_look(traced, {})
        found = traced.prometheus.query("sum by (client, server) (traces_service_graph_request_total) > 0")
        return {(one.labels["client"], one.labels["server"]) for one in found}

    traced.prometheus.until(lambda: edges() >= CALLS, f"the service graph has {CALLS}", within=60)


def test_jaegers_monitor_tab_has_rates_and_durations_of_each_service(traced: TracedShop) -> None:
    def shown(what: str, **parameters: str) -> list[float]:
        order_and_look(traced, {})
        found = traced.jaeger.monitored(what, "users", spanKind="server", **parameters)
        return [value for value in found if not math.isnan(value) and value > 0]

    traced.jaeger.until(lambda: shown("calls"), "calls of users have a rate", within=90)
    traced.jaeger.until(lambda: shown("latencies", quantile="0.95"), "they have a duration", within=90)
