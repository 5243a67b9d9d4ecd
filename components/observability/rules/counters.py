"""What counters tell that are there only since their first event. Pure."""


def grown(counter: str) -> str:
    """Return by how much each series of a counter has grown in 15 minutes; nothing where it has not.

    From nothing to 1 is no increase (https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics), and
    one that begins at 0 has not grown.
    """
    return f"(increase({counter}[15m]) > 0 or ({counter} unless {counter} offset 15m) > 0)"
