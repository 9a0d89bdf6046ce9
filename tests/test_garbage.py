from __future__ import annotations

import gc
import sys

from benchmark.garbage import import_to_stay


def test_libraries_that_stay_are_imported_and_left_out_of_collections(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    new = [[number] for number in range(100)]
    before = gc.get_freeze_count()
    import_to_stay(("colorsys",))
    assert "colorsys" in sys.modules
    assert gc.get_freeze_count() >= before + len(new)


def test_without_libraries_nothing_is_left_out() -> None:
    new = [[number] for number in range(100)]
    before = gc.get_freeze_count()
    import_to_stay(())
    assert gc.get_freeze_count() < before + len(new)
