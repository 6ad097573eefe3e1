"""A Dockerfile, read and replayed without an engine."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = frozenset(
    ("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "STOPSIGNAL", "USER", "WORKDIR")
)
"""The instructions that are used here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction with its text."""

    word: str
    text: str

    @property
    def words(self) -> list[str]:
        """The text in exec form as JSON, else as a shell splits it."""
        if self.text.startswith("["):
            parsed: list[str] = json.loads(self.text)
            return parsed
        return shlex.split(self.text)


@dataclass(slots=True)
class Stage:
    """The steps behind a FROM."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def of(self, word: str) -> list[Step]:
        """Return this stage's instructions of one kind."""
        return [step for step in self.steps if step.word == word]


def read(path: Path) -> list[Stage]:
    """Return the stages.

    Raises:
        ValueError: an instruction is not known.
    """
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, whole.splitlines())):
        word, _, text = line.partition(" ")
        if word not in KNOWN:
            message = f"{word} is not an instruction that this file may use"
            raise ValueError(message)
        if word == "ARG":
            name, _, value = text.partition("=")
            arguments[name] = value
        elif word == "FROM":
            base, _, name = text.partition(" AS ")
            for argument, value in arguments.items():
                base = base.replace(f"${{{argument}}}", value)
            stages.append(Stage(base, name))
        else:
            stages[-1].steps.append(Step(word, text.strip()))
    return stages


def replay(stage: Stage, context: Path, root: Path, path: str, *, runs: bool = True) -> None:
    """Do below *root* what the stage does below ``/``: COPY, and RUN where *runs*.

    Args:
        stage: its RUN steps may name /opt or /build, nothing else that they write.
        context: what the build is given; other stages lie beside *root* by their name.
        root: the stage's file system.
        path: the PATH that RUN steps get.
        runs: whether RUN steps are done; those of a stage that changes the system can't be.
    """
    for step in stage.steps:
        if step.word == "COPY":
            _copy(step.words, context, root)
        elif step.word == "RUN" and runs:
            command = re.sub(r"(?<![\w.])/(?=(opt|build)/)", f"{root}/", step.text)
            environ = {"PATH": path, "HOME": str(root.parent)}
            subprocess.run(["/bin/sh", "-ec", command], check=True, env=environ, cwd=root)


def _copy(words: list[str], context: Path, root: Path) -> None:
    source, target = words[-2:]
    if words[0].startswith("--from="):
        origin = root.parent / words[0].removeprefix("--from=") / source.lstrip("/")
    else:
        origin = context / source
    place = root / target.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy(origin, place)
