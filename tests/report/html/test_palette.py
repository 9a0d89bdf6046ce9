"""Numbers in coloured cells can be read."""

from __future__ import annotations

import re

import pytest

from benchmark.report.html.palette import (
    STEPS,
    contrast,
    difference_step,
    heat_rules,
    share_step,
    text_on,
)


def parsed(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(parsed("#767676"), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_the_number_in_every_coloured_cell_can_be_read_in_both_themes() -> None:
    rules = re.findall(r"--cell:light-dark\((#\w+),(#\w+)\);--ink:light-dark\((#\w+),(#\w+)\)", heat_rules())
    assert len(rules) == 2 * (STEPS + 1)
    for light, dark, ink_on_light, ink_on_dark in rules:
        assert contrast(parsed(light), parsed(ink_on_light)) >= 4.5
        assert contrast(parsed(dark), parsed(ink_on_dark)) >= 4.5


def test_shares_and_differences_have_their_steps() -> None:
    assert [share_step(share) for share in (-0.1, 0, 0.5, 1, 1.1)] == [0, 0, 10, 20, 20]
    assert [difference_step(each, 0.2) for each in (-0.2, 0, 0.1, 0.3)] == [0, 10, 15, 20]
    assert difference_step(0.0, 0.0) == STEPS // 2


def test_text_is_dark_on_pale_and_pale_on_dark() -> None:
    assert parsed(text_on((250, 250, 250))) < (50, 50, 50)
    assert text_on((8, 48, 107)) == "#ffffff"
