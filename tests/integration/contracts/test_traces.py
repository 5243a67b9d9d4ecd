"""One request, one trace: its id is in the log of every service that works for it, in whatever language."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.clients import Contracts, serving
from tests.integration.contracts.services import Service, Shop
from tests.integration.contracts.shopping import USERS, sign_up

SPAN = "00f067aa0ba902b7"
OTHER_TRACE = "80f198ee56343ba864fe8b2a57d3eff7"

Headers = Callable[[str], dict[str, str]]


def w3c(trace: str) -> dict[str, str]:
    """https://www.w3.org/TR/trace-context/#traceparent-header."""
    return {"traceparent": f"00-{trace}-{SPAN}-01"}


def b3_single(trace: str) -> dict[str, str]:
    """https://github.com/openzipkin/b3-propagation#single-header."""
    return {"b3": f"{trace}-{SPAN}-1"}


def b3_multi(trace: str) -> dict[str, str]:
    """https://github.com/openzipkin/b3-propagation#multiple-headers."""
    return {"X-B3-TraceId": trace, "X-B3-SpanId": SPAN, "X-B3-Sampled": "1"}


def w3c_and_b3(trace: str) -> dict[str, str]:
    """A proxy on the way may add its own: W3C counts."""
    return {**b3_multi(OTHER_TRACE), **w3c(trace)}


@pytest.fixture
def trace() -> str:
    return secrets.token_hex(16)


@pytest.mark.parametrize("headers", [w3c, b3_single, b3_multi, w3c_and_b3])
def test_a_trace_id_sent_to_the_gateway_comes_out_in_every_service_s_log(
    running: dict[str, Service], headers: Headers, trace: str
) -> None:
    with running["users"].client() as users:
        user = sign_up(users)
    created = shopping.order(running["gateway"], user.id, headers=headers(trace))
    with running["gateway"].http() as client:
        client.get(created.headers["location"], headers=headers(trace)).raise_for_status()
    for name, service in running.items():
        (line, *_) = service.until_logged(trace_id=trace)
        assert line["service"] == name
        assert line["span_id"] not in {"", SPAN}, f"{name} works in a span of its own"
    (scheduled,) = running["fulfilment"].until_logged(trace_id=trace, msg="shipment scheduled")
    assert scheduled["order_id"] == created.json()["id"], "the trace has gone through NATS with its order"


def test_a_service_that_ignores_the_headers_is_seen_to_break_the_trace(
    apart: Callable[..., Shop], running: dict[str, Service], trace: str
) -> None:
    """The test above can fail."""
    gateway = apart().start("gateway", {"OTEL_PROPAGATORS": "none"})
    with gateway.http() as client:
        other = client.get("/api/users/nobody", headers=w3c(trace)).json()["traceId"]
    gateway.until_logged(trace_id=other)
    assert not gateway.lines(trace_id=trace)
    assert not running["users"].lines(trace_id=other), "what isn't passed on doesn't arrive either"


def test_without_a_trace_the_gateway_begins_one_and_tells_the_caller_of_a_failure(running: dict[str, Service]) -> None:
    with running["gateway"].http() as client:
        problem = client.get("/api/users/nobody").json()
    assert running["users"].until_logged(trace_id=problem["traceId"]), "what a caller reports leads to every log"


def test_baggage_goes_with_an_order_into_its_event(running: dict[str, Service], shop: Shop, trace: str) -> None:
    assert shop.broker is not None
    with running["users"].client() as users:
        user = sign_up(users)
    headers = {**w3c(trace), "baggage": "tenant=acme,session=s-1"}
    identifier = shopping.order(running["gateway"], user.id, headers=headers).json()["id"]
    running["fulfilment"].until_logged(trace_id=trace)
    (event,) = [one for one in shop.broker.messages("ORDERS") if identifier.encode() in one.data]
    assert sorted(event.headers["baggage"].split(",")) == ["session=s-1", "tenant=acme"]
    assert event.headers["traceparent"].split("-")[1] == trace
    assert event.headers["Nats-Msg-Id"] == identifier, "by which the broker knows repetitions"


@pytest.mark.parametrize("headers", [w3c, b3_multi])
def test_trace_baggage_and_claims_arrive_behind_two_services_in_go(
    apart: Callable[..., Shop], contracts: Contracts, shop: Shop, headers: Headers, trace: str
) -> None:
    """Users, played here, sees what the gateway was sent: straight from the gateway, and through orders."""
    seen: list[dict[str, str]] = []

    def get_user(request: Any, context: grpc.ServicerContext) -> Any:
        seen.append({key: str(value) for key, value in context.invocation_metadata()})
        return contracts.message("shop.users.v1.GetUserResponse", user={"id": request.id})

    payload = "eyJzdWIiOiJhZGEifQ"  # {"sub":"ada"} in base64url
    sent = {**headers(trace), "baggage": "tenant=acme", "Authorization": f"Bearer e30.{payload}.c2ln"}
    with serving(contracts, {f"{USERS}.GetUser": get_user}) as port:
        own = apart(shop.broker)
        own.addresses["users"] = port
        own.start("orders")
        gateway = own.start("gateway")
        created = shopping.order(gateway, "ada", headers=sent)
        assert created.status_code == 201, created.text
        with gateway.http() as client:
            client.get("/api/users/ada", headers=sent).raise_for_status()
    assert len(seen) == 2
    for metadata in seen:
        assert metadata["traceparent"].split("-")[1] == trace
        assert metadata["baggage"] == "tenant=acme"
        assert metadata["x-jwt-payload"] == payload
        assert "authorization" not in metadata, "the token itself stays at the edge"
        assert not [key for key in metadata if "b3" in key], "B3 is accepted, and W3C is what goes on"


def test_every_line_of_every_log_is_json_with_the_same_fields(running: dict[str, Service]) -> None:
    for name, service in running.items():
        for line in service.process.lines():
            assert {"time", "level", "msg", "service"} <= line.keys(), line
            assert (line["service"], line["time"][-1]) == (name, "Z"), line
            assert line["level"] in {"debug", "info", "warn", "error"}, line
            assert ("trace_id" in line) == ("span_id" in line), line
