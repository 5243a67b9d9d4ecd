"""Ranks products for a customer by what others bought together with what the customer bought.

Item-based collaborative filtering: Sarwar et al., https://doi.org/10.1145/371920.372071. The model is small and fixed,
so it is computed once, at the start; the same purchases always give the same ranking.
"""

import heapq
import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from itertools import permutations
from pathlib import Path
from typing import NamedTuple


class Ranked(NamedTuple):
    """A product and how likely the customer is to like it, from 0 to 1."""

    product: str
    score: float


class InvalidPurchases(ValueError):
    """A file of purchases that can't be used."""


class Ranking:
    """Ranks products that a customer hasn't bought.

    The score of a product p for a customer who bought q₁ … qₙ is (popularity(p) + Σ similarity(p, qᵢ)) / (n + 1), where
    popularity is the share of customers who bought p, and similarity is the cosine of the sets of customers of the two
    products. So a customer who is unknown, or has bought nothing, gets the most popular products, and each purchase
    makes the ranking more personal.
    """

    def __init__(self, purchases: Mapping[str, Collection[str]]) -> None:
        self._bought = {customer: frozenset(products) for customer, products in purchases.items()}
        customers = Counter(product for products in self._bought.values() for product in products)
        together = Counter(pair for products in self._bought.values() for pair in permutations(sorted(products), 2))
        self._popularity = {product: count / len(self._bought) for product, count in customers.items()}
        self._similar: dict[str, dict[str, float]] = defaultdict(dict)
        for (product, other), count in together.items():
            self._similar[product][other] = count / math.sqrt(customers[product] * customers[other])

    def best(self, customer: str, limit: int) -> list[Ranked]:
        """Return at most `limit` products, the best first; equal ones in the order of their ids."""
        bought = self._bought.get(customer, frozenset())
        ranked = (
            Ranked(product, self._score(product, bought)) for product in self._popularity if product not in bought
        )
        return heapq.nsmallest(limit, ranked, key=lambda one: (-one.score, one.product))

    def _score(self, product: str, bought: frozenset[str]) -> float:
        similar = self._similar.get(product, {})
        # fsum is exact whatever the order: a set's order changes from one process to the next.
        return math.fsum([self._popularity[product], *(similar.get(other, 0.0) for other in bought)]) / (
            len(bought) + 1
        )


def read_purchases(path: Path) -> dict[str, list[str]]:
    """Read a JSON object: customer → ids of the products bought.

    Raises:
        InvalidPurchases: the file can't be read, or says something else; the message names it.
    """
    try:
        purchases = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidPurchases(f"purchases in {path} can't be read: {error}") from error
    if not isinstance(purchases, dict) or not all(
        isinstance(products, list) and all(isinstance(product, str) and product for product in products)
        for products in purchases.values()
    ):
        raise InvalidPurchases(f"purchases in {path} must be one JSON object: customer → list of product ids")
    return purchases
