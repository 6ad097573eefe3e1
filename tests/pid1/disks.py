"""A real disk that really hangs: ext4 on a loop device, frozen by the kernel."""

import subprocess
from pathlib import Path

_SIZE = 16 << 20

# The thaw comes with the end of our stdin: also if the test dies, or nobody would ever go on.
_FREEZE = 'fsfreeze --freeze "$1" && echo frozen && read _; fsfreeze --unfreeze "$1"'


class Freezer:
    """A mount whose writers wait in the kernel, where no signal reaches them, while it is cold.

    Attributes:
        place: where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.place = folder / "disk"
        self._image = folder / "disk.img"
        self._frost: subprocess.Popen[bytes] | None = None

    def mount(self) -> bool:
        """Make it; say whether that is allowed here."""
        self.place.mkdir()
        with self._image.open("wb") as image:
            image.truncate(_SIZE)
        return all(
            subprocess.run(command, check=False, capture_output=True).returncode == 0
            for command in (
                ["mkfs.ext4", "-q", str(self._image)],
                ["mount", "-o", "loop", str(self._image), str(self.place)],
            )
        )

    def freeze(self) -> None:
        """Let every write hang from now on."""
        self._frost = subprocess.Popen(
            ["sh", "-c", _FREEZE, "sh", str(self.place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._frost.stdout is not None
        assert self._frost.stdout.readline() == b"frozen\n"

    def thaw(self) -> None:
        """Let the writes go on."""
        if self._frost is not None:
            self._frost.communicate()
            self._frost = None

    def unmount(self) -> None:
        """Take it away."""
        self.thaw()
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)
