import pytest

from agent.core import sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("33554432", 33_554_432),
        ("1k", 1024),
        ("64M", 64 * 1024**2),
        ("32MiB", 32 * 1024**2),
        (" 32 mb ", 32 * 1024**2),
        ("1G", 1024**3),
        ("12B", 12),
    ],
)
def test_size_is_read(text: str, size: int) -> None:
    assert sizes.parse(text) == size


@pytest.mark.parametrize(
    "text", ["", "M", "1T", "1.5G", "-1", "0x10", "9" * 19, "1MM", "٣M", "1iB2"]
)
def test_what_is_not_a_size_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size; write 33554432, 32MiB, 64M or 1G"):
        sizes.parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1, "1"),
        (1024, "1KiB"),
        (32 * 1024**2, "32MiB"),
        (1024**3, "1GiB"),
        (1536, "1536"),
    ],
)
def test_size_is_rendered_in_its_largest_whole_unit(size: int, text: str) -> None:
    assert sizes.render(size) == text
    assert sizes.parse(text) == size
