from __future__ import annotations

import importlib
import sys
import textwrap
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmark.cli.main import cli, main
from benchmark.exceptions import PluginError, UsageError
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

    def install(name: str, code: str, distribution: str = "", module: str = "") -> None:
        module = module or name
        # Another test may have had one of that name.
        sys.modules.pop(module, None)
        importlib.invalidate_caches()
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code))
        entry_point = EntryPoint(name, module, "bench")
        if distribution:
            texts = {"read_text": lambda name: "", "locate_file": lambda name: "site-packages"}
            entry_point = entry_point._for(SimpleNamespace(name=distribution, version="1", **texts))
        found.append(entry_point)

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


def test_a_component_whose_name_is_empty_has_none(installed) -> None:
    for number, name in enumerate(("", " ")):
        installed(f"plugin_nameless{number}", MODEL.replace('name = "tiny"', f"name = {name!r}"))
        assert "has no name: give the class name" in Plugins().registry.broken[-1].error


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
    failures = list(plugins.notify("bench_suite_started", suite="s", results=tmp_path, cells=3, plan=()))
    assert told.read_text() == "s 3"
    assert [failure.source.plugin for failure in failures] == ["plugin_a_raises"]
    assert "plugin_a_raises.py:4" in failures[0].error
    assert failures[0].traceback.endswith("OSError: no network\n")
    assert list(plugins.notify("bench_suite_started", suite="s", results=tmp_path, cells=3, plan=())) == []


VERB = """
    import click
    from benchmark import hookimpl

    @click.command()
    def shout():
        "Say it aloud."
        click.echo("ALOUD")

    @hookimpl
    def bench_commands():
        return [shout]

    @hookimpl
    def bench_suite_started(suite):
        print(suite, "begins")
"""


def test_two_packages_whose_entry_points_have_one_name_both_work(installed) -> None:
    installed("extras", VERB, "one-package", "one_module")
    installed("extras", MODEL, "another-package", "another_module")
    plugins = Plugins()
    assert plugins.registry.broken == []
    assert [command.name for command, _ in plugins.commands()] == ["shout"]
    assert plugins.registry.offer("model", "tiny").source.distribution == "another-package"
    told = [source.distribution for source, _ in plugins._each("bench_suite_started", suite="s", plan=(), cells=0,
                                                                results=Path())]  # fmt: skip
    assert told == ["one-package"]


def test_of_two_packages_that_bring_one_module_the_second_is_named_and_the_first_loses_nothing(
    installed,
) -> None:
    installed("extras", textwrap.dedent(VERB) + textwrap.dedent(MODEL), "one-package", "same_module")
    installed("extras", textwrap.dedent(VERB) + textwrap.dedent(MODEL), "another-package", "same_module")
    plugins = Plugins()
    (broken,) = plugins.registry.broken
    assert "its module 'same_module' is that of plugin extras (one-package 1)" in str(broken)
    assert [command.name for command, _ in plugins.commands()] == ["shout"]
    assert plugins.registry.offer("model", "tiny").source.distribution == "one-package"


def test_an_entry_point_called_like_a_built_in_one_disables_nothing(installed) -> None:
    manager.entry_points(group="bench").extend(entry_points(group="bench"))
    installed("bench_models", MODEL, "another-package", "theirs")
    registry = Plugins().registry
    assert registry.broken == []
    assert {"cnn", "tiny"} <= set(registry.names("model"))


@pytest.mark.parametrize(
    "trouble", ["raise ValueError('no verbs today')", "raise SystemExit(0)", "return [3]"]
)
def test_help_lives_and_names_a_plugin_whose_verbs_cannot_be_had(installed, trouble: str) -> None:
    installed("plugin_a_broken", VERB.replace("return [shout]", trouble), "broken-package")
    installed("plugin_b_fine", VERB)
    ran = CliRunner().invoke(cli, ["--help"])
    assert ran.exit_code == 0
    assert "shout" in ran.output
    assert "Say it aloud." in ran.output
    assert ran.output.count("plugin plugin_a_broken (broken-package 1) is broken and was left out: ") == 1
    assert "bench_commands" in ran.output
    assert CliRunner().invoke(cli, ["shout"]).output.endswith("ALOUD\n")


def test_a_verb_that_raises_is_named_with_its_plugin_file_and_line_and_its_traceback_if_asked_for(
    installed, monkeypatch, capsys, tmp_path: Path
) -> None:
    raising = VERB.replace('click.echo("ALOUD")', "raise RuntimeError('hoarse')  # here")
    installed("plugin_hoarse", raising, "loud-package", "hoarse_module")
    line = 1 + next(n for n, text in enumerate(raising.splitlines()) if "# here" in text)
    told = (
        f"Error: verb 'shout' (plugin plugin_hoarse (loud-package 1), {tmp_path}/hoarse_module.py:{line}): "
    )

    def err(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == PluginError.exit_code
        return capsys.readouterr().err

    assert err("shout") == f"{told}RuntimeError: hoarse\n(bench explain plugin-failure)\n"
    assert "Traceback (most recent call last)" in err("-v", "shout")


@pytest.mark.parametrize(
    ("does", "code"),
    [("sys.exit(3)", 3), ("raise click.ClickException('no')", 1), ("raise click.Abort", 130)],
)
def test_a_verb_ends_as_it_likes(installed, monkeypatch, does: str, code: int) -> None:
    installed("plugin_ends", "    import sys\n" + VERB.replace('click.echo("ALOUD")', does))
    monkeypatch.setattr("sys.argv", ["bench", "shout"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code


def test_of_two_verbs_of_one_name_the_second_is_named(installed) -> None:
    installed("plugin_a", VERB, "first-package")
    installed("plugin_b", VERB, "second-package")
    installed("plugin_c", VERB.replace("def shout", "def run").replace("[shout]", "[run]"), "third-package")
    ran = CliRunner().invoke(cli, ["--help"])
    assert "verb 'shout' of plugin plugin_b (second-package 1) is left out" in ran.output
    assert "verb 'run' of plugin plugin_c (third-package 1) is left out" in ran.output


def test_what_is_printed_when_a_plugin_is_imported_goes_to_standard_error(
    installed, capsys, tmp_path
) -> None:
    installed(
        "plugin_loud", f"import os; print('LOUD'); os.chdir({str(tmp_path)!r})\n" + textwrap.dedent(MODEL)
    )
    here = Path.cwd()
    assert Plugins().registry.names("model") == ["tiny"]
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "LOUD\n")
    assert Path.cwd() == here


TRACKER = """
    from benchmark import Tracker, hookimpl

    class Diary(Tracker):
        '''Keeps a diary.'''
        name = "diary"
        told = []

        @hookimpl
        def bench_cell_started(self, suite, cell):
            self.told.append((suite, cell))

    @hookimpl
    def bench_trackers():
        return [Diary]
"""


def test_a_tracker_is_told_once_it_is_asked_for(installed) -> None:
    installed("plugin_diary", TRACKER)
    plugins = Plugins()
    ((diary, _),) = plugins.trackers().values()
    assert list(plugins.notify("bench_cell_started", suite="s", cell=1)) == []
    plugins.track("diary")
    plugins.track("diary")
    assert list(plugins.notify("bench_cell_started", suite="s", cell=2)) == []
    assert diary.told == [("s", 2)]
    with pytest.raises(UsageError, match="There is no tracker 'dairy'. Did you mean 'diary'"):
        plugins.track("dairy")


@pytest.mark.parametrize(
    ("code", "error", "problem"),
    [
        (
            "def unavailable(self):\n            return 'ink is missing'",
            UsageError,
            "cannot work here: ink is missing",
        ),
        ("def __init__(self):\n            raise OSError('no paper')", PluginError, "OSError: no paper"),
        ("def __init__(self):\n            raise SystemExit(0)", PluginError, "SystemExit"),
    ],
)
def test_a_tracker_that_cannot_be_had_is_named(
    installed, code: str, error: type[Exception], problem: str
) -> None:
    installed("plugin_diary", TRACKER.replace("told = []", code))
    with pytest.raises(error, match=f"Tracker 'diary' .*{problem}"):
        Plugins().track("diary")


def test_metadata_of_a_distribution_is_parsed_once_whatever_it_offers(monkeypatch) -> None:
    parsed = []
    version = Distribution.version.fget
    monkeypatch.setattr(
        Distribution, "version", property(lambda self: (parsed.append(self), version(self))[1])
    )
    plugins = Plugins()
    assert (
        len(
            {offers[0].source.plugin for kind in plugins.registry.offers.values() for offers in kind.values()}
        )
        > 3
    )
    assert len(parsed) == len({id(each) for each in parsed})
