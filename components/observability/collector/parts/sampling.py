"""Which traces are kept, once they are whole. Pure.

https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor
"""

from typing import Literal, NotRequired, TypedDict


class StatusCodes(TypedDict):
    """A trace with a span of such a status."""

    status_codes: list[Literal["ERROR", "OK", "UNSET"]]


class Conditions(TypedDict):
    """A trace with a span that meets one of the conditions, in OpenTelemetry's transformation language."""

    error_mode: Literal["ignore", "propagate"]
    span: list[str]


class Share(TypedDict):
    """A share of the traces, by their ids: each Collector would choose the same."""

    sampling_percentage: float


class Rate(TypedDict):
    """So many spans a second, and so many at once after a pause."""

    spans_per_second: int
    burst_capacity: int


class SimplePolicy(TypedDict):
    """One reason to keep a trace: the field that is called as the type."""

    name: str
    type: Literal["status_code", "ottl_condition", "probabilistic", "rate_limiting"]
    status_code: NotRequired[StatusCodes]
    ottl_condition: NotRequired[Conditions]
    probabilistic: NotRequired[Share]
    rate_limiting: NotRequired[Rate]


class AndPolicies(TypedDict):
    """Asked in this order, up to the first that says no."""

    and_sub_policy: list[SimplePolicy]


AndPolicy = TypedDict("AndPolicy", {"name": str, "type": Literal["and"], "and": AndPolicies})
"""Reasons that hold together."""


class DecisionCache(TypedDict):
    """How many decisions are remembered, for spans that come later."""

    sampled_cache_size: int
    non_sampled_cache_size: int


class TailSampler(TypedDict):
    """The whole processor."""

    decision_wait: str
    num_traces: int
    block_on_overflow: bool
    expected_new_traces_per_sec: int
    sample_on_first_match: bool
    decision_cache: DecisionCache
    policies: list[SimplePolicy | AndPolicy]
