"""Bytes cut into lines, whatever pieces they come in."""

from typing import NamedTuple

MOST_BYTES = 64 * 1024
"""Of one line; what is longer comes as several, so no line is lost and none stops a stream."""

_LONGEST_TAIL = 3  # bytes of a character that may be missing where a line is cut
_FOLLOWS = range(0x80, 0xC0)  # UTF-8: not the first byte of its character
_LENGTHS = ((0xF0, 4), (0xE0, 3), (0xC0, 2))  # first byte from here on: so many bytes


class Line(NamedTuple):
    r"""One line, or a part of one that is too long.

    Attributes:
        offset: of its first byte in its source.
        data: its bytes without the end of line (``\n`` or ``\r\n``).
        is_cut: it is too long; the next one goes on with it.
        continues: it goes on with the one before.
    """

    offset: int
    data: bytes
    is_cut: bool = False
    continues: bool = False


class Splitter:
    """Takes bytes as they come, gives lines as they end; how the bytes were split is not seen."""

    def __init__(
        self, offset: int = 0, *, continues: bool = False, most_bytes: int = MOST_BYTES
    ) -> None:
        """Begin at a place of a source.

        Args:
            offset: of the first byte that will come.
            continues: that byte is in the midst of a line.
            most_bytes: of one line, at least 4.
        """
        self._offset = offset
        self._continues = continues
        self._most = most_bytes
        self._held = b""

    @property
    def offset(self) -> int:
        """The place of the first byte that was not given back in a line yet."""
        return self._offset

    def feed(self, data: bytes) -> list[Line]:
        """Take bytes; return the lines that are now whole or too long."""
        *ended, self._held = (self._held + data).split(b"\n")
        lines: list[Line] = []
        for piece in ended:
            # \r belongs to the end of line: it does not make a line too long.
            rest = self._cut(piece, self._most + piece.endswith(b"\r"), lines)
            self._take(rest.removesuffix(b"\r"), len(rest) + 1, lines)
        # Two more may still be \r\n.
        self._held = self._cut(self._held, self._most + 1, lines)
        return lines

    def finish(self) -> list[Line]:
        """Return what has no end of line: nothing more will come."""
        lines: list[Line] = []
        rest = self._cut(self._held, self._most, lines)
        if rest:
            self._take(rest, len(rest), lines)
        self._held = b""
        return lines

    def _cut(self, piece: bytes, longest: int, lines: list[Line]) -> bytes:
        """Hand over what is too much of a line; return its rest."""
        while len(piece) > longest:
            head = piece[: _end_of_character(piece, self._most)]
            lines.append(Line(self._offset, head, is_cut=True, continues=self._continues))
            self._offset += len(head)
            self._continues = True
            piece = piece[len(head) :]
        return piece

    def _take(self, data: bytes, width: int, lines: list[Line]) -> None:
        lines.append(Line(self._offset, data, continues=self._continues))
        self._offset += width
        self._continues = False


def _end_of_character(piece: bytes, end: int) -> int:
    """Return the last place up to *end* that is not inside a UTF-8 character."""
    for back in range(1, _LONGEST_TAIL + 1):
        byte = piece[end - back]
        if byte not in _FOLLOWS:
            needs = next((length for first, length in _LENGTHS if byte >= first), 1)
            return end - back if needs > back else end
    return end
