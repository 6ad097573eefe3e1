"""Requests to an object store that are not the sink's own."""

import hashlib

from agent import clock
from agent.logs.exchange import Answer, Exchange
from agent.logs.sigv4 import Credentials, Request, Scope, sign
from tests.logs import servers


async def ask(endpoint: str, method: str, path: str, **query: str) -> Answer:
    """Ask a server with the right signature."""
    host = endpoint.partition("://")[2]
    request = Request(method, host, path, hashlib.sha256(b"").hexdigest(), query)
    keys = Credentials(servers.KEY, servers.SECRET)
    exchange = Exchange()
    headers = sign(request, keys, Scope("us-east-1"), clock.wall())
    answer = await exchange.send(method, endpoint + request.target, headers)
    await exchange.aclose()
    assert isinstance(answer, Answer), answer
    return answer
