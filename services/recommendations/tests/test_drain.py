import asyncio
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shop.recommendations.v1 import recommendations_pb2_grpc as contract
from tests.running import TIMEOUT, Slow, asked, running


async def test_a_call_in_flight_is_finished_and_a_new_one_refused() -> None:
    slow = Slow()
    async with running(slow) as one:
        call = asyncio.ensure_future(_answer(one.stub))
        await asyncio.wait_for(slow.begun.wait(), TIMEOUT)
        drained = asyncio.ensure_future(one.server.drain(TIMEOUT))
        await asyncio.wait_for(_refused(one.server.port), TIMEOUT)
        assert not drained.done(), "the call in flight holds the end up"
        slow.go_on.set()
        await call
        await asyncio.wait_for(drained, TIMEOUT)


async def test_who_watches_the_health_is_told_and_holds_nothing_up() -> None:
    async with running() as one:
        watch = health_pb2_grpc.HealthStub(one.channel).Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        states = [(await watch.read()).status]
        begun = time.monotonic()
        drained = asyncio.ensure_future(one.server.drain(TIMEOUT))
        states.append((await watch.read()).status)
        await drained
    assert states == [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING]
    assert time.monotonic() - begun < TIMEOUT / 2


async def test_a_call_that_outlasts_the_drain_is_broken_off(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    async with running(slow) as one:
        call = asyncio.ensure_future(_answer(one.stub))
        await asyncio.wait_for(slow.begun.wait(), TIMEOUT)
        await asyncio.wait_for(one.server.drain(0.1), TIMEOUT)
        with pytest.raises(grpc.aio.AioRpcError):
            await call
    assert "calls were broken off" in caplog.text


async def _refused(port: int) -> None:
    """Call until the server, which has been told to drain, takes no call any more."""
    while True:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as late:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await contract.RecommendationServiceStub(late).ListRecommendations(asked(), timeout=0.2)
        if raised.value.code() is grpc.StatusCode.UNAVAILABLE:
            return


async def _answer(stub: contract.RecommendationServiceStub) -> object:
    return await stub.ListRecommendations(asked(), timeout=TIMEOUT)
