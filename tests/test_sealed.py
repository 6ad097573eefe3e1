import os
from collections.abc import Iterator

import pytest

from agent.core.options import Options
from agent.core.phases import Policy
from agent.sealed import read_settings, write_settings

OPTIONS = Options(
    grace=30.0,
    on_game_exit=Policy.RESTART,
    stop_by=(("file", 2.0), ("signal", 0.0)),
    degraded=("cannot use AGENT_PORT: 'å' is not a port",),
)


@pytest.fixture
def memfd() -> Iterator[int]:
    fd = os.memfd_create("settings", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    yield fd
    os.close(fd)


def test_options_come_back_as_they_went_in(memfd: int) -> None:
    write_settings(memfd, OPTIONS)
    assert read_settings(memfd) == OPTIONS


def test_sealed_settings_cannot_be_changed(memfd: int) -> None:
    write_settings(memfd, OPTIONS)
    with pytest.raises(PermissionError):
        os.pwrite(memfd, b"x", 0)
    with pytest.raises(PermissionError):
        write_settings(memfd, Options())
    assert read_settings(memfd) == OPTIONS


def test_file_that_cannot_be_sealed_still_carries_the_settings() -> None:
    fd = os.memfd_create("settings", os.MFD_CLOEXEC)
    try:
        write_settings(fd, Options())
        write_settings(fd, OPTIONS)
        assert read_settings(fd) == OPTIONS
    finally:
        os.close(fd)


def test_writing_cut_at_any_byte_is_seen(memfd: int) -> None:
    write_settings(memfd, OPTIONS)
    whole = os.pread(memfd, 1 << 16, 0)
    with os.fdopen(os.memfd_create("cut", os.MFD_CLOEXEC), "wb") as cut:
        for length in range(len(whole)):
            os.ftruncate(cut.fileno(), 0)
            os.pwrite(cut.fileno(), whole[:length], 0)
            assert read_settings(cut.fileno()) is None


@pytest.mark.parametrize("offset", [0, 5, 8, 40])
def test_flipped_bit_is_seen(memfd: int, offset: int) -> None:
    write_settings(memfd, OPTIONS)
    content = bytearray(os.pread(memfd, 1 << 16, 0))
    content[offset] ^= 1
    with os.fdopen(os.memfd_create("flipped", os.MFD_CLOEXEC), "wb") as flipped:
        os.pwrite(flipped.fileno(), content, 0)
        assert read_settings(flipped.fileno()) is None


def test_settings_of_another_version_are_not_taken(memfd: int) -> None:
    import struct
    from zlib import crc32

    body = b'{"grace": "soon"}'
    os.pwrite(memfd, struct.pack("<II", len(body), crc32(body)) + body, 0)
    assert read_settings(memfd) is None


def test_closed_descriptor_holds_no_settings() -> None:
    fd = os.memfd_create("closed")
    os.close(fd)
    assert read_settings(fd) is None
