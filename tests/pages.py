"""The generated parts of the README: ``python -m tests.pages --write`` renews them."""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

from agent.control.metrics import PREFIX, ROWS
from agent.control.routes import ROUTES, Route
from agent.core import budget, idle, readiness, restarts, stopping, verdicts
from agent.core.durations import render as duration
from agent.core.options import Options
from agent.core.phases import TRANSITIONS, Phase
from agent.pid1 import options as pid1
from agent.settings import rows

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SNIPPETS = ROOT / "tests" / "games" / "snippets"
GRACES = (5.0, 30.0)
NOTICE = (("file", 2.0), ("signal", 0.0))  # the stop list that the README shows

_BLOCK = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FIGURE = re.compile(r"(<!-- figure: (\w+) -->)[^<\n]*(<!-- end -->)")
_TONGUES = {".py": "python", ".js": "js", ".cs": "csharp", ".gd": "gdscript", ".sh": "sh"}


def renew(text: str) -> str:
    """Return the page with each generated part, each figure as the code now says.

    Raises:
        KeyError: a part's or a figure's name is not known.
    """
    text = _BLOCK.sub(lambda found: f"{found[1]}{part(found[2])}\n{found[3]}", text)
    known = figures()
    return _FIGURE.sub(lambda found: f"{found[1]}{known[found[2]]}{found[3]}", text)


def part(name: str) -> str:
    """Return one generated part; a name with a dot is a snippet's file."""
    return snippet(SNIPPETS / name) if "." in name else PARTS[name]()


def snippet(path: Path) -> str:
    """Return a file as it is, fenced."""
    tongue = _TONGUES.get(path.suffix, "cpp")
    return f"```{tongue}\n{path.read_text().rstrip()}\n```"


def figures() -> dict[str, str]:
    """Return the figures that stand between words: the defaults, and the rules without a name."""
    options = Options()
    times = {
        field.name: duration(getattr(options, field.name))
        for field in fields(options)
        if isinstance(getattr(options, field.name), float)
    }
    return {
        **times,
        "spool": pid1.DEFAULTS["AGENT_SPOOL_MAX"],
        "partly": duration(readiness.PARTLY_SECONDS),
        "health_tries": str(options.health_tries),
        "restarts": str(restarts.MOST_RESTARTS),
        "restart_window": duration(restarts.WINDOW_SECONDS),
        "retry_cap": duration(verdicts.CAP_SECONDS),
        "repeat": duration(verdicts.REPEAT_SECONDS),
        "slow_repeat": duration(verdicts.SLOW_REPEAT_SECONDS),
        "jitter": f"{idle.JITTER_SHARE * 100:g} %",
        "jitter_most": duration(idle.JITTER_MOST),
    }


def platform_stop() -> str:
    """Return the timeline of a stop by the platform, for each grace."""
    return table(
        ("", *(f"grace {grace:g} s" for grace in GRACES)),
        [
            ("The platform sends SIGTERM. The game gets its stop signal.", *_at(lambda _: 0.0)),
            (
                f"With `AGENT_STOP_BY={_list(NOTICE)}`: the stop notice comes at 0 s, the signal",
                *_at(lambda grace: stopping.signal_delay(Options(grace=grace, stop_by=NOTICE))),
            ),
            (
                "If the game is still there, it is killed (SIGKILL).",
                *_at(lambda grace: budget.kill_at(0.0, grace)),
            ),
            (
                "The last lines are out, the container exits: at the latest",
                *_at(lambda grace: budget.end_at(0.0, grace)),
            ),
            ("The platform would send SIGKILL.", *_at(lambda grace: grace)),
        ],
    )


def own_stop() -> str:
    """Return the timeline of a stop of our own at the defaults."""
    whole = Options().stop_timeout
    drain = budget.drain_seconds(whole, Options().drain)
    return table(
        ("", "at the latest"),
        [
            (
                "The stop begins: status and events tell it. Players may leave by themselves.",
                "0 s",
            ),
            ("No player is known to be there, or the drain is over: the stop signal.", _s(drain)),
            ("If the game is still there, it is killed.", _s(budget.kill_at(0.0, whole))),
            ("The self-stop is sent to the platform.", _s(budget.end_at(0.0, whole))),
        ],
    )


def lifecycle() -> str:
    """Return the phases as a diagram."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Phase.STARTING.value}"]
    for phase in Phase:
        targets = [target for target in Phase if target in TRANSITIONS[phase]]
        lines += [f"    {phase.value} --> {target.value}" for target in targets]
        lines += [] if targets else [f"    {phase.value} --> [*]"]
    return "\n".join([*lines, "```"])


def api() -> str:
    """Return the routes."""
    heading = ("Call", "Body, for example", "What it does")
    return table(heading, [_call(route) for route in ROUTES])


def metrics() -> str:
    """Return the metrics."""
    return table(
        ("Metric", "Kind", "What it tells"),
        [(f"`{PREFIX}{row.name}`", row.kind, row.help) for row in ROWS],
    )


def settings() -> str:
    """Return the settings."""
    return table(
        ("Variable", "Default", "What it means"),
        [(f"`{name}`", _code(default), what) for name, default, what in rows()],
    )


def entrypoint() -> str:
    """Return the entrypoint's own help."""
    return f"```text\n{pid1.HELP.rstrip()}\n```"


def table(heading: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(heading)
    made = [head, ["---"] * len(head), *([_cell(cell) for cell in line] for line in lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in made)


def _call(route: Route) -> tuple[str, str, str]:
    example = "" if route.body is None else route.body.EXAMPLE
    return f"`{route.method} {route.path}`", _code(example.removeprefix("{}")), route.summary


def _at(moment: Callable[[float], float]) -> list[str]:
    return [_s(moment(grace)) for grace in GRACES]


def _s(seconds: float) -> str:
    return f"{seconds:g} s"


def _list(ways: tuple[tuple[str, float], ...]) -> str:
    return ",".join(f"{way}:{duration(cap)}" if cap else way for way, cap in ways)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PARTS: dict[str, Callable[[], str]] = {
    "platform-stop": platform_stop,
    "own-stop": own_stop,
    "lifecycle": lifecycle,
    "api": api,
    "metrics": metrics,
    "settings": settings,
    "entrypoint": entrypoint,
}


def main(argv: list[str]) -> int:
    """Renew the README with ``--write``, else say whether it is up to date."""
    old = README.read_text()
    new = renew(old)
    if "--write" in argv:
        README.write_text(new)
    elif new != old:
        sys.stderr.write("README.md is behind the code: make readme\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
