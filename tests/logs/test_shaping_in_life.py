"""A whole container: stdout has every byte, the stores have what may leave."""

import gzip
from pathlib import Path

from agent.local.platform import Platform
from tests.e2e.inside import version
from tests.fakes.logstore import Store
from tests.fakes.otlprules import Receiver

SECRET = "hunter22-of-the-backup"
EVIL = b"a" * 4000 + b"b"
SAID = (
    b"LogNet: Warning: password is %b\n%b\n\x1b[31mLogNet: Error: red\x1b[0m\n"
    b"LogNet: join from 203.0.113.7:50123, caf\xe9\nLogInit: written\nLogExit: last words"
)
STDOUT = SAID % (SECRET.encode(), EVIL)
WITHHELD = b"[withheld: a pattern of AGENT_LOG_REDACT takes too long]".ljust(len(EVIL), b"*")
SENT = (SAID % (b"*" * len(SECRET), WITHHELD)).replace(b"203.0.113.7", b"*" * 11)


async def test_what_may_not_leave_is_on_stdout_only_bad_patterns_cost_their_line(
    tmp_path: Path,
) -> None:
    volume, receiver = tmp_path / "volume", Receiver()
    volume.mkdir()
    async with Store(usually=receiver.answer) as store, Platform(hears_lines=False) as platform:
        env: dict[str, str | None] = {
            "AGENT_LOG_SINK": f"file://{volume}, {store.url}/v1/logs",
            "AGENT_LOG_REDACT": "(a+)+$",
            "AGENT_LOG_REDACT_IPS": "1",
            "AGENT_LOG_PRESET": "unreal",
            "AGENT_SECRET_NAMES": "*_PASSWORD",
            "AGENT_SPOOL_DIR": str(tmp_path),
            "GAME_DB_PASSWORD": SECRET,
        }
        deployment = await platform.deploy(version("leaky.py", SECRET, env=env))
        await deployment.wrote("LogInit: written")
        await deployment.wrote("serving the game at")
        deployment.stop()
        await deployment.terminated()
    assert deployment.stdout == STDOUT
    files = sorted(volume.rglob("stdout-*.log.gz"))
    assert b"".join(gzip.decompress(file.read_bytes()) for file in files) == SENT
    stdout = [each for each in receiver.records if each.named["log.source"] == "stdout"]
    assert [record.severity_number for record in stdout] == [
        13,
        17,
        9,
        9,
        9,
    ]  # the second line joins the first
    assert "\n".join(record.body.string_value for record in stdout) == SENT.replace(
        b"\x1b[31m", b""
    ).replace(b"\x1b[0m", b"").decode(errors="replace")
    assert SECRET not in deployment.stderr.decode()
    assert b"Traceback" not in deployment.stderr
    assert deployment.exit_status == 0
