"""What the last line says of each store is what that store has."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

from agent.local.platform import Platform
from tests.cages import cpu_cage
from tests.fakes.logstore import Reply, Sent, Store
from tests.fakes.lokirules import Loki
from tests.fakes.otlprules import Receiver
from tests.fakes.shelf import Shelf
from tests.fakes.tls import make_certificate, server_context

from .scene import MIB, Scene, seconds_to_exit


def records(store: Store, source: str) -> list[str]:
    """Return the lines of one source that came as NDJSON, in their order."""
    found = [json.loads(line) for sent in store.requests for line in sent.text.splitlines()]
    ours = {each["offset"]: each["message"] for each in found if each["source"] == source}
    assert len(ours) == sum(each["source"] == source for each in found), "a line came twice"
    return [ours[offset] for offset in sorted(ours)]


def told(stderr: bytes) -> dict[str, tuple[int, int, int, int]]:
    """Return by store what the lines say: shipped bytes, objects, left, dropped."""
    line = rb"logs: shipped (\d+) bytes in (\d+) objects to (\S+), left (\d+), dropped (\d+) in "
    return {
        name.decode(): (int(size), int(count), int(left), int(dropped))
        for size, count, name, left, dropped in re.findall(line, stderr)
    }


async def test_every_store_has_what_its_line_says(tmp_path: Path) -> None:
    """vector#11405, #19600: what was not flushed at the stop is at least said."""
    shelf, loki, receiver = Shelf(), Loki(), Receiver()
    folder = tmp_path / "volume"
    folder.mkdir()

    def refuse(_: Sent) -> Reply:
        return Reply(403)

    def store(usually: Callable[[Sent], Reply] = lambda _: Reply()) -> Store:
        return Store(usually=usually)

    async with (
        store(shelf) as bucket,
        store() as ndjson,
        store(receiver.answer) as otlp,
        store(loki.answer) as lines,
        store(refuse) as closed,
        Platform(hears_lines=False) as platform,
    ):
        sinks = [
            f"s3://key:secret-key@bucket/logs?endpoint={bucket.url}",
            f"{ndjson.url}/in",
            f"{otlp.url}/v1/logs",
            f"{lines.url}/loki/api/v1/push",
            f"file://{folder}",
            f"{closed.url}/in",
        ]
        scene = Scene(tmp_path, "", shelf, sink=" ".join(sinks))
        env = {"SCRIBE_LAST": "3000"}
        deployment = await scene.begin(platform, backlog=MIB, grace=10.0, env=env)
        deployment.stop()
        await deployment.terminated()
    copy = scene.copy
    assert deployment.stdout == copy
    texts = copy.decode().splitlines()
    said = told(deployment.stderr)
    assert set(said) == {
        "s3://bucket/logs",
        *(url.partition("?")[0] for url in sinks[1:]),
    }
    for name, (size, count, left, dropped) in said.items():
        if name.startswith(closed.url):
            assert (size, count, dropped) == (0, 0, 0)
            assert left > len(copy)
        else:
            assert size > len(copy)
            assert (left, dropped) == (0, 0), name
            assert count > 0
    size, count, *_ = said["s3://bucket/logs"]
    assert (size, count) == (sum(map(len, shelf.objects.values())), len(shelf.objects))
    assert b"".join(shelf.spans("stdout").values()) == copy
    assert records(ndjson, "stdout") == texts
    assert said[f"{ndjson.url}/in"][1] == len(ndjson.requests)
    assert [each.body.string_value for each in receiver.records if of_stdout(each.named)] == texts
    entries = {
        at: text
        for labels, kept in loki.streams.items()
        for (at, text), metadata in kept.items()
        if of_stdout({**dict(labels), **metadata})
    }
    assert [entries[at] for at in sorted(entries)] == texts
    files = sorted(folder.rglob("stdout-*.log.gz"))
    assert b"".join(gzip.decompress(file.read_bytes()) for file in files) == copy
    assert said[f"file://{folder}"][1] == len(list(folder.rglob("*.gz")))
    assert deployment.exit_status == 0


def of_stdout(named: dict[str, str]) -> bool:
    return "stdout" in named.values()


async def test_quarter_of_a_processor_is_enough_for_real_tls(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    shelf = Shelf()
    with cpu_cage(0.25) as cage:
        async with (
            Store(usually=shelf, tls=server_context(certificate)) as store,
            Platform(hears_lines=False) as platform,
        ):
            url = f"s3://key:secret-key@bucket/logs?endpoint={store.url}"
            scene = Scene(tmp_path, store.host, shelf, sink=url, around=cage.join)
            env = {"SCRIBE_LAST": "1000", "SSL_CERT_FILE": str(certificate)}
            deployment = await scene.begin(platform, backlog=MIB, grace=5.0, env=env)
            deployment.stop()
            await deployment.terminated()
        assert cage.throttled > 0
    assert seconds_to_exit(deployment) < 5.0
    scene.assert_nothing_is_lost(deployment)
    scene.assert_tail_is_there()
    (line,) = told(deployment.stderr).values()
    assert line[:2] == (sum(map(len, shelf.objects.values())), len(shelf.objects))
    assert line[3] == 0
