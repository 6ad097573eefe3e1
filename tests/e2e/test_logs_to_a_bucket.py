"""The whole container against a real object store."""

import asyncio
import gzip
import hashlib
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

from tests.logs import servers
from tests.logs.signed import ask

ROOT = Path(__file__).parents[2]
GAME = "seq -f 'line %g of the match' 20000; echo oops >&2; echo last"


def test_games_output_is_in_the_bucket_when_the_container_ends(tmp_path: Path) -> None:
    (tmp_path / "weed").mkdir()
    with servers.weed(tmp_path / "weed") as endpoint:
        pair = f"{servers.KEY}:{quote(servers.SECRET, safe='')}"
        environ = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "AGENT_LOG_SINK": f"s3://{pair}@{servers.BUCKET}/games?endpoint={endpoint}",
            "AGENT_PORT": "0",
            "AGENT_SPOOL_DIR": str(tmp_path),
            "AGENT_GRACE": "30",
        }
        done = subprocess.run(
            [str(ROOT / "entrypoint.sh"), "--", "sh", "-c", GAME],
            env=environ,
            capture_output=True,
            timeout=100,
            check=True,
        )
        objects = asyncio.run(listed(endpoint))
    assert b"left 0, dropped 0" in done.stderr
    assert servers.SECRET.encode() not in done.stderr
    stdout = b"".join(data for name, data in sorted(objects.items()) if "/stdout-" in name)
    assert hashlib.sha256(stdout).digest() == hashlib.sha256(done.stdout).digest()
    assert [data for name, data in objects.items() if "/stderr-" in name] == [b"oops\n"]


async def listed(endpoint: str) -> dict[str, bytes]:
    """Return every object of the bucket, decompressed."""
    answer = await ask(endpoint, "GET", f"/{servers.BUCKET}")
    names = re.findall(r"<Key>([^<]*)</Key>", answer.body.decode())
    bodies = [await ask(endpoint, "GET", f"/{servers.BUCKET}/{name}") for name in names]
    return {name: gzip.decompress(body.body) for name, body in zip(names, bodies, strict=True)}
