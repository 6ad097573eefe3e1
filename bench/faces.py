"""The SDK faces: what they cost in memory, how soon a health ping is answered."""

import asyncio
import os
import signal
import subprocess
import time
import urllib.request

from agent.sdks.agones_messages import SDK, build

from .foundation import ENTRYPOINT, _agent, _call, _free_port, _p99, _pss
from .table import Row

_CALLS = 500
_PERIOD = 0.01  # 100 calls a second


def rows(rounds: int) -> list[Row]:
    """Measure the agent with no face, with both, with gRPC in use."""
    rest, grpc, slow = [], [], []
    for _ in range(max(1, rounds // 2)):
        plain = _weigh({})
        rest.append(_weigh({"AGENT_SDK": "agones,gsdk"}) - plain)
        grpc.append(_weigh({"AGENT_SDK": "agones,gsdk"}, by_grpc=True) - plain)
        slow.append(_p99(_pings()))
    return [
        Row("both faces on, PSS more", "MiB", rest, bound=6.0),
        Row("both faces on, gRPC in use, PSS more", "MiB", grpc, bound=16.0),
        Row("POST /health at 100 calls/s, p99", "ms", slow, bound=5.0),
    ]


def _weigh(settings: dict[str, str], *, by_grpc: bool = False) -> float:
    with _Served(settings) as (pid, ports):
        if settings:
            _call(f"http://127.0.0.1:{ports[1]}/gameserver")
            _call(f"http://127.0.0.1:{ports[1]}/ready", "POST")
        if by_grpc:
            asyncio.run(_watch(ports[2]))
        time.sleep(2)
        return _pss(pid) + _pss(_agent(pid))


def _pings() -> list[float]:
    with _Served({"AGENT_SDK": "agones"}) as (_, ports):
        url = f"http://127.0.0.1:{ports[1]}/health"
        _call(f"http://127.0.0.1:{ports[1]}/gameserver")
        return asyncio.run(_ping(url))


async def _ping(url: str) -> list[float]:
    import aiohttp

    took = []
    async with aiohttp.ClientSession() as session:
        for _ in range(_CALLS):
            begun = time.monotonic()
            async with session.post(url, data=b"{}") as answer:
                await answer.read()
            took.append(1000 * (time.monotonic() - begun))
            pause = max(0.0, begun + _PERIOD - time.monotonic())
            await asyncio.sleep(pause)  # noqa: TID251 - the rhythm that is measured
    return took[10:]


async def _watch(port: int) -> None:
    """Call once by gRPC, so that the agent has all of it loaded."""
    from grpclib.client import Channel, UnaryUnaryMethod

    types = build()
    channel = Channel("127.0.0.1", port)
    method = UnaryUnaryMethod(
        channel,
        f"/{SDK}.SDK/GetGameServer",
        types[f"{SDK}.Empty"],
        types[f"{SDK}.GameServer"],
    )
    await method(types[f"{SDK}.Empty"]())
    channel.close()


class _Served:
    """A sleeping game under the agent."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._ports = [_free_port() for _ in range(4)]
        names = ("AGENT_PORT", "AGENT_AGONES_PORT", "AGENT_AGONES_GRPC_PORT", "AGENT_GSDK_PORT")
        ports = dict(zip(names, map(str, self._ports), strict=True))
        self._environ = {**os.environ, **ports, **settings}

    def __enter__(self) -> tuple[int, list[int]]:
        self._process = subprocess.Popen(
            [ENTRYPOINT, "sleep", "600"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environ,
        )
        _call(f"http://127.0.0.1:{self._ports[0]}/healthz")
        urllib.request.urlopen(f"http://127.0.0.1:{self._ports[0]}/v1/status", timeout=30).read()
        return self._process.pid, self._ports

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
