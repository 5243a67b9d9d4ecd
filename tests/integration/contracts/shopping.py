"""What a customer does: sign up, order through the gateway, look at the order."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import httpx2

from tests.integration.contracts.clients import Client
from tests.integration.contracts.services import Service

ITEMS = [{"productId": "usb-c-dock", "quantity": 2}, {"productId": "desk-lamp", "quantity": 1}]
NAME = "Ada Lovelace ✉"
USERS = "shop.users.v1.UserService"
ORDERS = "shop.orders.v1.OrderService"
RECOMMENDATIONS = "shop.recommendations.v1.RecommendationService"


def fresh_key() -> str:
    return secrets.token_hex(8)


def sign_up(users: Client) -> Any:
    """A new user, made by the Java service."""
    answer = users.call(f"{USERS}.CreateUser", email=f"ada.{secrets.token_hex(6)}@example.com", display_name=NAME)
    return answer.user


def order(
    gateway: Service, user: str, *, key: str = "", headers: Mapping[str, str] | None = None, items: Any = None
) -> httpx2.Response:
    """Order at the edge."""
    with gateway.http() as client:
        return client.post(
            "/api/orders",
            json={"userId": user, "items": items or ITEMS},
            headers={"Idempotency-Key": key or fresh_key(), **(headers or {})},
        )


def new_order(user: str, *, key: str = "") -> dict[str, Any]:
    """The fields of a CreateOrderRequest."""
    return {
        "user_id": user,
        "items": [{"product_id": "usb-c-dock", "quantity": 2}],
        "idempotency_key": key or fresh_key(),
    }
