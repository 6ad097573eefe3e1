"""Labels as people write them."""

import pytest

from agent.core import spellings


def test_labels_are_pairs() -> None:
    pairs = (("game", "quake"), ("build", "1=2"))
    assert spellings.labels(" game=quake, build = 1=2,") == pairs
    assert spellings.labels(spellings.render_labels(pairs)) == pairs


@pytest.mark.parametrize("text", ["game", "=quake", "game=\udcff"])
def test_label_without_a_name_or_a_value_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is not a label; write name=value,name=value"):
        spellings.labels(text)
