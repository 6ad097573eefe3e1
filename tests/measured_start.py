"""PID 1 under coverage: run by the stand-in of ``tests/measured.py``, as the interpreter would be.

The words are those of the interpreter: -I -S …/agent/pid1/__main__.py [options] -- CMD…
"""

import contextlib
import posix
import runpy
import sys

import coverage


def main() -> None:
    """Become PID 1, with its way out saved."""
    script = next(word for word in sys.argv[1:] if word.endswith("__main__.py"))
    sys.argv = sys.argv[sys.argv.index(script) :]
    taken = coverage.Coverage.current()
    leave = posix._exit

    def save_and_leave(status: int) -> None:
        with contextlib.suppress(Exception):  # another uid may not write here
            if taken is not None:
                taken.stop()
                taken.save()
        leave(status)

    posix._exit = save_and_leave  # type: ignore[assignment]
    runpy.run_path(script, run_name="__main__")


main()
