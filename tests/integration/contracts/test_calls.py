"""Go calls Java and Python, Python calls Go and Java: what one side says is what the other one understands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.clients import Contracts, serving
from tests.integration.contracts.services import Service, Shop
from tests.integration.contracts.shopping import ORDERS, RECOMMENDATIONS, USERS, new_order, sign_up
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres

NOBODY = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"


def test_a_user_of_the_java_service_is_shown_by_the_go_gateway(running: dict[str, Service]) -> None:
    with running["users"].client() as users:
        user = sign_up(users)
    with running["gateway"].http() as client:
        answer = client.get(f"/api/users/{user.id}")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["id"], shown["email"], shown["displayName"]) == (user.id, user.email, shopping.NAME)
    assert shown["createdAt"] == user.created_at.ToJsonString(), "a timestamp loses nothing between the languages"


@pytest.mark.parametrize("identifier", [NOBODY, "not-an-id", "%20"])
def test_an_unknown_user_is_not_found_at_the_edge(running: dict[str, Service], identifier: str) -> None:
    with running["gateway"].http() as client:
        answer = client.get(f"/api/users/{identifier}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "no user has this id", "the Java service's own words reach the caller"


def test_what_the_java_service_refuses_is_a_bad_request_in_go(running: dict[str, Service]) -> None:
    with running["users"].client() as users:
        code, message = users.failure(f"{USERS}.GetUser", id="")
        assert (code, message) == (grpc.StatusCode.INVALID_ARGUMENT, "id must not be empty")
        code, message = users.failure(f"{USERS}.CreateUser", email="nobody", display_name=" ")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "email must be" in message and "display_name must have" in message, "all that is wrong is said at once"
    answer = shopping.order(running["gateway"], "", headers={})
    assert answer.status_code == 400
    assert "user_id must have" in answer.json()["detail"]


def test_an_order_of_nobody_is_refused_by_go_after_it_has_asked_java(running: dict[str, Service]) -> None:
    answer = shopping.order(running["gateway"], NOBODY)
    assert answer.status_code == 400, "FAILED_PRECONDITION, as google.rpc.Code maps it"
    assert answer.json()["detail"] == f'user_id: there is no user "{NOBODY}"'
    asked = running["users"].lines(trace_id=answer.json()["traceId"])
    assert asked, "orders has asked users, in the same trace"


def test_a_page_has_its_order_from_go_its_user_from_java_and_its_recommendations_from_python(
    running: dict[str, Service],
) -> None:
    with running["users"].client() as users, running["recommendations"].client() as recommendations:
        user = sign_up(users)
        wanted = recommendations.call(f"{RECOMMENDATIONS}.ListRecommendations", user_id=user.id, limit=10)
    created = shopping.order(running["gateway"], user.id)
    assert created.status_code == 201
    with running["gateway"].http() as client:
        page = client.get(created.headers["location"]).json()
    assert page["order"]["items"] == shopping.ITEMS
    assert page["user"]["email"] == user.email
    assert [(one["productId"], one["score"]) for one in page["recommendations"]] == [
        (one.product_id, one.score) for one in wanted.recommendations
    ]
    assert len(page["recommendations"]) == 10
    assert "degraded" not in page


def test_without_recommendations_the_page_is_shown_degraded_and_heals(
    apart: Callable[..., Shop], running: dict[str, Service]
) -> None:
    shop = apart()
    recommendations = shop.start("recommendations")
    gateway = shop.start("gateway", {"BREAKER_DELAY": "300ms"})
    with running["users"].client() as users:
        user = sign_up(users)
    path = shopping.order(gateway, user.id).headers["location"]
    with gateway.http() as client:
        assert client.get(path).json()["recommendations"]
        recommendations.process.kill()
        page = client.get(path)
        assert page.status_code == 200, "what is not essential never fails a page"
        assert page.json()["degraded"] == ["recommendations"], "the page says what it lacks"
        assert page.json()["recommendations"] == []
        assert page.json()["user"]["id"] == user.id, "the rest is all there"
        for _ in range(20):
            client.get(path)
        assert open_breakers(gateway) == {"recommendations"}
        started = time.monotonic()
        assert client.get(path).json()["degraded"] == ["recommendations"]
        assert time.monotonic() - started < 0.25, "an open breaker costs no waiting"
        shop.start("recommendations", ports=recommendations.ports)
        gateway.process.until(
            lambda: "degraded" not in client.get(path).json() and not open_breakers(gateway), "the page is whole again"
        )


def open_breakers(gateway: Service) -> set[str]:
    samples = gateway.metrics()["circuit_breaker_open"].samples
    return {sample.labels["dependency"] for sample in samples if sample.value}


def test_a_python_client_reads_from_go_what_it_has_ordered(running: dict[str, Service]) -> None:
    with running["users"].client() as users, running["orders"].client() as orders:
        taken = orders.call(f"{ORDERS}.CreateOrder", **new_order(sign_up(users).id)).order
        assert orders.call(f"{ORDERS}.GetOrder", id=taken.id).order == taken
    assert [(item.product_id, item.quantity) for item in taken.items] == [("usb-c-dock", 2)]


def test_go_answers_a_python_client_with_the_contract_s_codes(running: dict[str, Service]) -> None:
    with running["users"].client() as users:
        user = sign_up(users)
    with running["orders"].client() as orders:
        first = new_order(user.id)
        orders.call(f"{ORDERS}.CreateOrder", **first)
        other = {**first, "items": [{"product_id": "apron", "quantity": 1}]}
        wrong = {"user_id": "", "items": [{"product_id": "apron", "quantity": 0}], "idempotency_key": ""}
        refusals = {
            "unknown": orders.failure(f"{ORDERS}.GetOrder", id=NOBODY),
            "changed": orders.failure(f"{ORDERS}.CreateOrder", **other),
            "wrong": orders.failure(f"{ORDERS}.CreateOrder", **wrong),
            "nobody's": orders.failure(f"{ORDERS}.CreateOrder", **new_order(NOBODY)),
            "not its own": orders.failure(f"{USERS}.GetUser", id=user.id),
        }
    assert {what: code for what, (code, _) in refusals.items()} == {
        "unknown": grpc.StatusCode.NOT_FOUND,
        "changed": grpc.StatusCode.ALREADY_EXISTS,
        "wrong": grpc.StatusCode.INVALID_ARGUMENT,
        "nobody's": grpc.StatusCode.FAILED_PRECONDITION,
        "not its own": grpc.StatusCode.UNIMPLEMENTED,
    }
    for field in ("user_id", "idempotency_key", "items[0].quantity"):
        assert field in refusals["wrong"][1], "all that is wrong is said at once"


def test_a_python_client_s_deadline_ends_the_work_in_go_as_well(
    apart: Callable[..., Shop], broker: JetStream, database_server: Postgres
) -> None:
    shop = apart(broker)
    orders = shop.start("orders")
    trace = "3f" * 16
    parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    with orders.client() as client, database_server.locked(shop.databases["orders"], "orders", "access exclusive"):
        started = time.monotonic()
        code, _ = client.failure(f"{ORDERS}.GetOrder", id=NOBODY, metadata=parent, deadline=0.3)
        # The server's own clock may be first: its end of the stream then reaches the client as CANCELLED.
        assert code in {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
        assert time.monotonic() - started < 2, "the client waited longer than its deadline"
        # While the lock is still held: what nobody waits for any more doesn't go on.
        (line,) = orders.until_logged(trace_id=trace)
        assert line["seconds"] < 2, line


def test_go_gives_up_a_python_service_that_is_slow_and_python_sees_the_deadline(
    apart: Callable[..., Shop], contracts: Contracts, running: dict[str, Service]
) -> None:
    remaining: list[float] = []

    def slow(_: Any, context: grpc.ServicerContext) -> Any:
        remaining.append(context.time_remaining())
        time.sleep(1.5)
        return contracts.message("shop.recommendations.v1.ListRecommendationsResponse")

    with running["users"].client() as users:
        user = sign_up(users)
    path = shopping.order(running["gateway"], user.id).headers["location"]
    with serving(contracts, {f"{RECOMMENDATIONS}.ListRecommendations": slow}) as port:
        shop = apart()
        shop.addresses["recommendations"] = port
        gateway = shop.start("gateway", {"RECOMMENDATIONS_TIMEOUT": "400ms", "HEDGE_AFTER": "10s"})
        with gateway.http() as client:
            started = time.monotonic()
            page = client.get(path).json()
            seconds = time.monotonic() - started
    assert page["degraded"] == ["recommendations"]
    assert seconds < 1.2, "the page doesn't wait for what is slow"
    assert 0 < remaining[0] <= 0.4, "the deadline travels with the call"
