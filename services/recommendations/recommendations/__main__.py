"""Runs the service until SIGTERM: `python -m recommendations`.

Ends with 0 after a drain, 1 where it can't start, 2 where its settings are wrong.
"""

import asyncio
import logging
import os
import signal
import sys
from typing import Final

from opentelemetry.sdk.trace import TracerProvider

from recommendations import SERVICE, logs, server, settings, tracing
from recommendations.ranking import InvalidPurchases, Ranking, read_purchases
from recommendations.service import RecommendationService

log: Final = logging.getLogger(SERVICE)


async def serve(chosen: settings.Settings, ranking: Ranking, provider: TracerProvider) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    running = await server.start(
        RecommendationService(ranking), chosen.grpc_port, chosen.metrics_port, provider.get_tracer(SERVICE)
    )
    log.info("started")
    await ending.wait()
    log.info("draining")
    await running.drain(chosen.drain_timeout)


def main() -> int:
    """Run the service; return the process's exit code."""
    logs.start(settings.service_name(os.environ), "info")  # so that a complaint about the settings is JSON, too
    try:
        chosen = settings.read(os.environ)
        ranking = Ranking(read_purchases(chosen.purchases))
    except (settings.InvalidSettings, InvalidPurchases) as error:
        log.error("the service can't start: %s", error)  # noqa: TRY400 (a message for an operator, not a stack trace)
        return 2
    logs.start(chosen.service, chosen.log_level)
    provider = tracing.start(chosen.service, chosen.tracing)
    try:
        asyncio.run(serve(chosen, ranking, provider))
    except (OSError, RuntimeError) as error:
        log.error("the service can't start: %s", error)  # noqa: TRY400
        return 1
    if not tracing.stop(provider):
        log.warning("the last spans could not be sent within %s s", tracing.FLUSH_TIME)
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
