"""Components are tried in a process of their own, from the command line and by pytest."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, get_args

import pytest
from forked_trials import FORKED
from programs import said_by

from bench_metrics import Top1, TopK
from benchmark import Metric
from benchmark.contract.check import Subject, check, check_all, names_of
from benchmark.contract.rules import QUIET, Outcome
from benchmark.plugin.component import Kind
from benchmark.plugin.manager import Plugins
from benchmark.testing import MetricContract, PluginContract


class Careless(Metric):
    """Does what ``trouble`` says."""

    name = "careless"

    def __init__(self, *, trouble: str = "none", log: str = "") -> None:
        self.trouble, self.log = trouble, log

    def compute(self, labels, probabilities):
        import ctypes
        import os
        import sys
        import time

        if self.log:
            with open(self.log, "a") as file:
                file.write(f"{os.getpid()} ")
        if self.trouble == "behind" and "json.tool" in sys.modules:
            raise RuntimeError("somebody else was here")
        if self.trouble == "leave":
            import json.tool  # noqa: F401
        if self.trouble == "exit":
            os._exit(0)
        if self.trouble == "crash":
            ctypes.string_at(0)
        if self.trouble == "hang":
            time.sleep(600)
        if self.trouble == "print":
            os.write(1, b"hello\n")
        if self.trouble == "move":
            os.chdir("/")
        return float((probabilities.argmax(axis=1) == labels).mean())


def careless(trouble: str, log: str = "") -> Subject:
    return Subject("metric", component=Careless, parameters={"trouble": trouble, "log": log})


def told(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.rule: "; ".join(outcome.findings) for outcome in outcomes if outcome.findings}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("exit", "ended the whole program (exit code 0)"),
        ("crash", "it crashed (SIGSEGV)"),
        ("hang", "did not end within"),
    ],
)
def test_what_ends_or_hangs_a_process_is_a_finding_of_the_rule_that_was_tried(
    trouble: str, said: str
) -> None:
    problems = told(check(careless(trouble), 5 if trouble == "hang" else 60))
    assert list(problems) == ["metric-number"]
    assert said in problems["metric-number"]
    if trouble != "exit":
        assert f"{Path(__file__).name}:" in problems["metric-number"]


@pytest.mark.parametrize(("trouble", "said"), [("print", "'hello'"), ("move", "working directory to /")])
def test_what_others_would_notice_is_a_finding(trouble: str, said: str) -> None:
    problems = told(check(careless(trouble)))
    assert list(problems) == [QUIET]
    assert said in problems[QUIET]


@pytest.mark.slow
def test_components_share_a_process_until_one_ends_it(tmp_path: Path) -> None:
    logs = [str(tmp_path / str(number)) for number in range(4)]
    troubles = ["none", "none", "crash", "none"]
    outcomes = [*check_all([careless(trouble, log) for trouble, log in zip(troubles, logs, strict=True)])]
    assert [list(told(one)) for one in outcomes] == [[], [], ["metric-number"], []]
    first, second, third, last = (set(Path(log).read_text().split()) for log in logs)
    assert first == second
    assert len(first) == 1
    # It is tried again, to see that it does so alone too.
    assert len(third - first) == 1
    assert len(last) == 1
    assert not last & (first | third)


@pytest.mark.slow
def test_a_component_is_not_blamed_for_what_others_left_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcomes = [*check_all([careless("leave"), careless("behind", str(log)), careless("print")])]
    assert [list(told(one)) for one in outcomes] == [[], [], [QUIET]]
    assert len(set(log.read_text().split())) == 2


def test_what_has_no_default_is_tried_with_parameters_that_are_given() -> None:
    bare, given = check_all(
        [Subject("metric", component=TopK), Subject("metric", component=TopK, parameters={"k": 2})]
    )
    reasons = {outcome.rule: outcome.not_tried for outcome in bare}
    assert "no default for k" in reasons["metric-number"]
    assert not any(outcome.findings or outcome.not_tried for outcome in given)


class TestTop1(MetricContract):
    component = Top1


class TestBuiltInMetrics(PluginContract):
    module = "bench_metrics"


TESTS = """
from theirs import Upside, hooks
from benchmark.testing import MetricContract, PluginContract

class TestUpside(MetricContract):
    component = Upside

class TestHooks(PluginContract):
    module = "theirs"
"""
THEIRS = """
from benchmark import Metric, hookimpl
hooks = []
class Upside(Metric):
    'Errors, as if they were good.'
    name = 'upside'
    def compute(self, labels, probabilities):
        return float((probabilities.argmax(axis=1) != labels).mean())
@hookimpl
def bench_metrics():
    return [Upside]
"""


@pytest.mark.slow
def test_a_package_s_tests_fail_by_the_rule_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(THEIRS)
    (tmp_path / "test_theirs.py").write_text(TESTS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert "TestUpside::test_promise[metric-direction]" in failed[0]
    passed = len(names_of("metric")) + len(names_of("plugin")) - 1
    assert f"1 failed, {passed} passed" in ran.stdout


# Fewer layers and stages, as tracing them takes longest. Fine-tuning, of MobileNet and after a frozen stage, is tried in
# tests/training/test_traced.py and test_frozen.py.
# A dataset of as many tracks as are looked at.
SMALL: dict[str, dict[str, Any]] = {
    "synthetic": {"tracks_per_class": 2, "seconds": 1},
    "synthetic-shifted": {"tracks_per_class": 2, "seconds": 1},
    "ast": {"depth": 1, "width": 16, "heads": 2},
    "residual-cnn": {"filters": [8, 16], "blocks": 1},
    "mobilenet": {"width": 0.25, "stages": ["transfer"]},
    "vgg16": {"stages": ["transfer"]},
    "cnn": {"filters": [4, 8], "units": 8},
    "crnn": {"filters": [4, 8], "units": 8},
}
BUILT_IN = """
import json
from typing import get_args
from benchmark.contract.check import Subject, check_all
from benchmark.plugin.component import Kind
from benchmark.plugin.manager import Plugins
small = json.loads(sys.argv[1])
registry = Plugins().registry
subjects = [
    Subject(kind, name=name, source=offer.source, parameters=small.get(name, {}))
    for kind in get_args(Kind)
    for name in registry.names(kind)
    for offer in registry.offers[kind][name]
    if offer.source.distribution == "genrebench"
]
tried = [
    [subject.kind, subject.name, [[outcome.rule, outcome.findings] for outcome in outcomes]]
    for subject, outcomes in zip(subjects, check_all(subjects, 600), strict=True)
]
print(json.dumps(tried))
"""


@pytest.mark.slow
def test_built_in_components_keep_their_promises(tmp_path: Path) -> None:
    tried = json.loads(said_by(FORKED + BUILT_IN, tmp_path, json.dumps(SMALL)))
    assert {kind for kind, *_ in tried} == {*get_args(Kind)}
    assert all([rule for rule, _ in rules] == names_of(kind) for kind, _, rules in tried)
    assert not {
        f"{kind} {name}": broken
        for kind, name, rules in tried
        if (broken := {rule: "; ".join(findings) for rule, findings in rules if findings})
    }


@pytest.mark.parametrize(
    "module",
    [
        "bench_augmentations",
        "bench_corruptions",
        "bench_datasets",
        "bench_features",
        "bench_metrics",
        "bench_models",
        "bench_trackers",
    ],
)
def test_built_in_plugins_keep_theirs(module: str) -> None:
    outcomes = check(Subject("plugin", module=module))
    assert not [outcome for outcome in outcomes if outcome.findings or outcome.not_tried]


BENCHFILE = """
from benchmark import Metric, hookimpl
import helper
class Bad(Metric):
    'Always raises.'
    name = 'bad'
    def compute(self, labels, probabilities):
        raise ValueError(helper.WORD)
@hookimpl
def bench_metrics():
    return [Bad]
def bench_models():
    return []
@hookimpl
def bench_commands():
    import click
    return [click.Command('greet', short_help='Say hello.')]
@hookimpl
def bench_suite_finished(suite, results, exit_code):
    pass
"""


@pytest.mark.slow
def test_the_command_line_names_what_is_broken_and_exits_with_one(project) -> None:
    project.write("name: unused\n")
    fine = project.bench("plugins", "check", "majority", "top1", "--shape", "96x20x1")
    assert fine.code == 0, fine.out
    assert fine.out.count(": ok") == 2
    (project.folder / "helper.py").write_text("WORD = 'never'\n")
    (project.folder / "benchfile.py").write_text(BENCHFILE)
    for arguments in (["bad", "--suite", "suite.yaml"], ["benchfile.py"]):
        bad = project.bench("plugins", "check", *arguments)
        assert bad.code == 1
        assert "metric bad: NOT OK" in bad.out
        assert "metric-number: ValueError: never (" in bad.out
        assert "benchfile.py:8)" in bad.out
    assert "plugin-hooks: bench_models is not marked with @hookimpl" in bad.out
    marked = BENCHFILE.replace("def bench_models", "@hookimpl\ndef bench_models")
    (project.folder / "benchfile.py").write_text(marked.replace("    name = 'bad'\n", ""))
    left_out = project.bench("plugins", "check", "benchfile.py")
    assert (left_out.code, left_out.out.partition(" (")[0]) == (1, "broken: plugin benchfile.py")
    wrong = project.bench("plugins", "check", "majority", "--shape", "96x0")
    assert (wrong.code, "one to three lengths" in wrong.err) == (2, True)
    assert project.bench("plugins", "check", "majorit").code == 2
    assert project.bench("plugins", "check", "nowhere/benchfile.py").code == 2


@pytest.mark.slow
def test_a_package_is_checked_with_all_that_it_offers(project) -> None:
    ran = project.bench("plugins", "check", "bench_metrics")
    assert ran.code == 0, ran.out
    for title in (
        "plugin bench_metrics: ok",
        "metric top1: ok",
        "metric top-k: not tried, it has no default for k",
    ):
        assert title in ran.out


def test_all_rules_can_be_read(project) -> None:
    ran = project.bench("plugins", "check", "--rules")
    assert "  metric-direction         right answers are better than guesses" in ran.out


PLUGIN = """
import click
from benchmark import hookimpl
@hookimpl
def bench_commands():
    return [click.Command("greet", short_help="Say hello.")]
@hookimpl
def bench_suite_finished(suite, results, exit_code):
    pass
"""


def test_verbs_and_those_that_hear_events_are_listed(project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    facts = site / "tracker-1.dist-info"
    facts.mkdir(parents=True)
    (site / "tracker_of_a_test.py").write_text(textwrap.dedent(PLUGIN))
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tracker\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[bench]\ntracker = tracker_of_a_test\n")
    project.environment["PYTHONPATH"] = str(site)
    listed = project.bench("plugins").out
    assert "events are heard by:\n  tracker (tracker): bench_suite_finished" in listed
    assert "verbs:\n  greet                Say hello.  [tracker (tracker 1)]" in listed


def test_built_in_trackers_keep_their_promises() -> None:
    trackers = Plugins().trackers()
    assert trackers
    subjects = [Subject("tracker", component=tracker, name=name) for name, (tracker, _) in trackers.items()]
    outcomes = zip(subjects, check_all(subjects), strict=True)
    assert not {subject.name: told(one) for subject, one in outcomes if told(one)}
