"""The contract's RecommendationService: checks the request, asks the ranking, answers."""

from typing import Final

import grpc

from recommendations.ranking import Ranking
from shop.recommendations.v1 import recommendations_pb2 as messages
from shop.recommendations.v1 import recommendations_pb2_grpc as contract

NAME: Final = messages.DESCRIPTOR.services_by_name["RecommendationService"].full_name
"""The service's full name, as clients and probes say it."""
DEFAULT_LIMIT: Final = 10
HIGHEST_LIMIT: Final = 100
LONGEST_ID: Final = 128
"""Longer than any id that the shop makes; keeps nonsense out of the model's look-ups."""

_Context = grpc.aio.ServicerContext[messages.ListRecommendationsRequest, messages.ListRecommendationsResponse]


class RecommendationService(contract.RecommendationServiceServicer):
    """Says what else a user may like."""

    def __init__(self, ranking: Ranking) -> None:
        self._ranking = ranking

    async def ListRecommendations(  # noqa: N802 (the contract's name)
        self, request: messages.ListRecommendationsRequest, context: _Context
    ) -> messages.ListRecommendationsResponse:
        """Return products for a user, the best first; INVALID_ARGUMENT names everything wrong with the request."""
        if wrong := problems(request):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "; ".join(wrong))
        limit = min(request.limit or DEFAULT_LIMIT, HIGHEST_LIMIT)
        return messages.ListRecommendationsResponse(
            recommendations=[
                messages.Recommendation(product_id=product, score=score)
                for product, score in self._ranking.best(request.user_id, limit)
            ]
        )


def problems(request: messages.ListRecommendationsRequest) -> list[str]:
    """Return what is wrong with a request; nothing if it can be answered."""
    found = []
    if not request.user_id:
        found.append("user_id is empty: say for whom the recommendations are")
    elif len(request.user_id) > LONGEST_ID or not request.user_id.isprintable():
        found.append(f"user_id must be at most {LONGEST_ID} printable characters")
    if request.limit < 0:
        found.append(f"limit is {request.limit}: it must be 0 (for {DEFAULT_LIMIT}) or more")
    return found
