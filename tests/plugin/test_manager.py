from __future__ import annotations

import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from benchmark.exceptions import PluginError
from benchmark.plugin import manager
from benchmark.plugin.manager import Plugins

MODEL = """
    from benchmark import Model, hookimpl

    class Tiny(Model):
        '''A tiny model.'''
        name = "tiny"
        def __init__(self, *, width: int = 4) -> None:
            self.width = width

    @hookimpl
    def bench_models():
        return [Tiny]
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make modules importable and named by entry points, as installing a package would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    found: list[EntryPoint] = []
    monkeypatch.setattr(manager, "entry_points", lambda group: found)

    def install(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))
        found.append(EntryPoint(name, name, "bench"))

    return install


def test_the_built_in_plugins_load_through_their_entry_points() -> None:
    registry = Plugins().registry
    assert registry.broken == []
    assert {"cnn", "crnn", "mfcc-svm", "majority"} <= set(registry.names("model"))


def test_a_plugin_that_fails_at_import_is_named_and_the_others_work(installed) -> None:
    installed("plugin_a_broken", "import a_module_that_does_not_exist")
    installed("plugin_b_fine", MODEL)
    registry = Plugins().registry
    assert registry.names("model") == ["tiny"]
    (broken,) = registry.broken
    assert "plugin_a_broken" in str(broken)
    assert "a_module_that_does_not_exist" in str(broken)


@pytest.mark.parametrize("failing", ["raise SystemExit(3)", "def oops(:", "1 / 0"])
def test_no_way_of_failing_at_import_takes_the_program_down(installed, failing: str) -> None:
    installed("plugin_failing", failing)
    assert [plugin.source.plugin for plugin in Plugins().registry.broken] == ["plugin_failing"]


def test_a_misspelt_hook_is_rejected_with_the_right_name(installed) -> None:
    installed("plugin_misspelt", MODEL.replace("def bench_models", "def bench_model"))
    registry = Plugins().registry
    assert registry.names("model") == []
    assert "Did you mean 'bench_models'?" in registry.broken[0].error


def test_a_hook_that_returns_something_else_is_broken(installed) -> None:
    installed("plugin_wrong", MODEL.replace("return [Tiny]", "return ['tiny']"))
    assert "must return component classes" in Plugins().registry.broken[0].error


def test_two_plugins_that_offer_one_name_are_both_named_when_it_is_asked_for(installed) -> None:
    installed("plugin_one", MODEL)
    installed("plugin_two", MODEL)
    registry = Plugins().registry
    with pytest.raises(PluginError, match=r"plugin_one .* and plugin_two"):
        registry.offer("model", "tiny")


def test_an_unknown_name_gets_the_nearest_one_and_the_broken_plugins(installed) -> None:
    installed("plugin_fine", MODEL)
    installed("plugin_broken", "1 / 0")
    with pytest.raises(PluginError, match=r"Did you mean 'tiny'\?(.|\n)*plugin_broken"):
        Plugins().registry.offer("model", "tinny")


def test_a_benchfile_offers_components_whose_version_is_its_content(tmp_path: Path) -> None:
    benchfile = tmp_path / "benchfile.py"
    benchfile.write_text(textwrap.dedent(MODEL))
    first = Plugins(benchfile).registry.offer("model", "tiny").source.version
    benchfile.write_text(textwrap.dedent(MODEL) + "# changed\n")
    assert Plugins(benchfile).registry.offer("model", "tiny").source.version != first


def test_a_tracker_that_raises_is_reported_and_the_others_are_told(installed, tmp_path: Path) -> None:
    told = tmp_path / "told"
    tracker = "from benchmark import hookimpl\n@hookimpl\ndef bench_suite_started(suite, cells):\n"
    installed("plugin_a_raises", tracker + "    raise OSError('no network')\n")
    installed("plugin_b_works", tracker + f"    open({str(told)!r}, 'w').write(f'{{suite}} {{cells}}')\n")
    plugins = Plugins()
    failures = list(plugins.notify("bench_suite_started", suite="s", results=tmp_path, cells=3))
    assert told.read_text() == "s 3"
    assert [failure.source.plugin for failure in failures] == ["plugin_a_raises"]
