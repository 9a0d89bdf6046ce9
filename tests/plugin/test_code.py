from __future__ import annotations

import importlib
import json
import sys
import textwrap
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.exceptions import PluginError
from benchmark.plugin.code import code_digest, is_editable
from benchmark.plugin.manager import Plugins, keep_registry, load_registry

BENCHFILE = '''
"""Components."""
import importlib
import json
import numpy as np
from helper import scale, unrelated
from benchmark import Features, Metric, SklearnModel, hookimpl

WIDTH = 3
OTHER = 4

def depth():
    return WIDTH

class Base(SklearnModel):
    """A base."""

class Net(Base):
    """A net."""
    name = "net"

    def estimator(self, random_state):
        # a comment
        from later import build
        return build(scale(depth()))

class Score(Metric):
    name = "score"

    def compute(self, labels, probabilities):
        return unrelated(OTHER)

@hookimpl
def bench_models():
    return [Net]

@hookimpl
def bench_metrics():
    return [Score]
'''
FILES = {
    "benchfile.py": BENCHFILE,
    "helper.py": "def scale(x):\n    return 2 * x\n\ndef unrelated(x):\n    return x\n",
    "later.py": "from deep import inner\n\ndef build(x):\n    return inner.made(x)\n",
    "deep/__init__.py": "",
    "deep/inner.py": "def made(x):\n    return x\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def versions(folder: Path) -> dict[str, str]:
    registry = Plugins(folder / "benchfile.py").registry
    assert not registry.broken, registry.broken
    return {
        kind: registry.offer(kind, name).version for kind, name in (("model", "net"), ("metric", "score"))
    }


def edited(folder: Path, file: str, old: str, new: str) -> dict[str, str]:
    text = (folder / file).read_text()
    assert old in text or not old
    (folder / file).write_text(text.replace(old, new) if old else new + text)
    return versions(folder)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("benchfile.py", "        # a comment\n", "\n        # another comment, and an empty line\n"),
        ("benchfile.py", '"""A net."""', '"""Another docstring."""'),
        ("benchfile.py", '    """A base."""', '    """Other words."""'),
        ("benchfile.py", '"""Components."""', ""),
        ("benchfile.py", "return unrelated(OTHER)", "return unrelated(5 * OTHER)"),
        ("benchfile.py", "OTHER = 4", "OTHER = 5"),
        ("helper.py", "2 * x", "2*x"),
        ("helper.py", "    return x\n", "    return x + 1\n"),
        ("benchfile.py", "", "if __name__ == '__main__':\n    print('run')\n"),
    ],
)
def test_comments_docstrings_layout_and_what_is_not_reached_are_decoration(folder, file, old, new) -> None:
    first = versions(folder)
    assert edited(folder, file, old, new)["model"] == first["model"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("benchfile.py", "WIDTH = 3", "WIDTH = 5"),
        ("benchfile.py", "return WIDTH", "return WIDTH + 1"),
        ("benchfile.py", '    """A base."""', "    uses_training = False"),
        ("benchfile.py", "scale(depth())", "depth()"),
        ("helper.py", "2 * x", "3 * x"),
        ("later.py", "made(x)", "made(-x)"),
        ("deep/inner.py", "return x", "return -x"),
        ("benchfile.py", "WIDTH = 3\n", "WIDTH = 3\njson.loads('1')\n"),
        ("benchfile.py", "OTHER = 4\n", "OTHER = 4\nWIDTH += OTHER\n"),
        # Blocks that run, though all that they name is what they count with.
        (
            "benchfile.py",
            "WIDTH = 3\n",
            "WIDTH = 3\nfor name in ('a', 'b'):\n    json.loads(name * 0 + '1')\n",
        ),
        (
            "benchfile.py",
            "WIDTH = 3\n",
            "WIDTH = 3\nwith open(__file__) as opened:\n    json.text = opened.name\n",
        ),
        (
            "benchfile.py",
            "WIDTH = 3\n",
            "TYPE_CHECKING = False\nif not TYPE_CHECKING:\n    WIDTH = 5\nelse:\n    WIDTH = 3\n",
        ),
        ("benchfile.py", "WIDTH = 3\n", "if __name__ != '__main__':\n    WIDTH = 5\nelse:\n    WIDTH = 3\n"),
    ],
)
def test_whatever_a_component_reaches_counts(folder: Path, file: str, old: str, new: str) -> None:
    first = versions(folder)
    changed = edited(folder, file, old, new)
    assert changed["model"] != first["model"]
    (folder / file).write_text(FILES[file])
    assert versions(folder) == first


def test_a_metric_s_own_edit_changes_the_metric_alone(folder: Path) -> None:
    first = versions(folder)
    changed = edited(folder, "helper.py", "    return x\n", "    return x + 1\n")
    assert changed["metric"] != first["metric"]
    assert changed["model"] == first["model"]


def test_modules_beside_a_benchfile_are_imported_as_they_are_now_and_from_its_own_folder(
    tmp_path: Path,
) -> None:
    code = (
        "import helper\nfrom benchmark import Model, hookimpl\n"
        "class Net(Model):\n    name = helper.NAME\n"
        "@hookimpl\ndef bench_models():\n    return [Net]\n"
    )
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "benchfile.py").write_text(code)
        (tmp_path / place / "helper.py").write_text(f"NAME = {place!r}\n")

    def offered(place: str) -> bool:
        return place in Plugins(tmp_path / place / "benchfile.py").registry.names("model")

    assert offered("one")
    assert offered("two")
    assert offered("one")
    assert str(tmp_path / "two") not in sys.path


def test_a_registry_that_is_kept_finds_its_own_modules_after_another_benchfile_was_loaded(
    tmp_path: Path,
) -> None:
    code = (
        "from benchmark import Model, hookimpl\n"
        "class Net(Model):\n    name = 'net'\n"
        "    def whereabouts(self):\n        import neighbour\n        return neighbour.NAME\n"
        "@hookimpl\ndef bench_models():\n    return [Net]\n"
    )
    kept = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "benchfile.py").write_text(code)
        (tmp_path / place / "neighbour.py").write_text(f"NAME = {place!r}\n")
        registry = Plugins(tmp_path / place / "benchfile.py").registry
        keep_registry(registry)
        kept.append(registry)
    for registry, place in zip((*kept, kept[0]), ("one", "two", "one"), strict=True):
        assert load_registry(registry.benchfile) is registry
        model: Any = registry.offer("model", "net").component
        assert model().whereabouts() == place


def test_a_module_beside_a_benchfile_does_not_replace_an_installed_one(folder: Path) -> None:
    (folder / "soundfile.py").write_text("raise RuntimeError('not this one')\n")
    edited(folder, "benchfile.py", "import json\n", "import json\nimport soundfile\n")


def test_a_benchfile_s_place_and_other_files_beside_it_do_not_count(folder: Path, tmp_path_factory) -> None:
    first = versions(folder)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name, text in FILES.items():
        (elsewhere / name).parent.mkdir(exist_ok=True)
        (elsewhere / name).write_text(text)
    (elsewhere / "notes.py").write_text("x = 1\n")
    assert versions(elsewhere) == first


def test_a_class_that_a_function_makes_counts_with_all_of_its_module(folder: Path) -> None:
    (folder / "benchfile.py").write_text(
        textwrap.dedent("""
            from benchmark import Model, hookimpl
            UNUSED = 1
            def make(called):
                class Net(Model):
                    name = called
                return Net
            @hookimpl
            def bench_models():
                return [make("net")]
        """)
    )
    registry = Plugins(folder / "benchfile.py").registry
    first = registry.offer("model", "net").version
    text = (folder / "benchfile.py").read_text()
    (folder / "benchfile.py").write_text(text.replace("name = called", "name = called + ''"))
    assert Plugins(folder / "benchfile.py").registry.offer("model", "net").version != first


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["# note", "", "'''words'''", "    "]), max_size=4), st.permutations(range(3))
)
def test_order_of_definitions_and_decoration_between_them_never_count(tmp_path, decoration, order) -> None:
    parts = [
        "def helper():\n    return VALUE",
        "VALUE = 3",
        "class Made:\n    def run(self):\n        return helper()",
    ]

    def digest(name: str, text: str) -> str:
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        module = type(sys)(name)
        module.__file__ = str(file)
        sys.modules[name] = module
        try:
            return code_digest(type("Made", (), {"__module__": name}))
        finally:
            del sys.modules[name]

    plain = digest("plain", "\n".join(parts))
    loose = [line for line in decoration if not line.startswith("'")]
    mixed = "\n".join("\n".join([*loose, parts[index]]) for index in order)
    head = next((f"{line}\n" for line in decoration if line.startswith("'")), "")
    assert digest("plain", head + mixed) == plain
    assert digest("plain", mixed.replace("3", "4")) != plain


class Dist(Distribution):
    """A distribution with these files of metadata, in this place."""

    def __init__(self, place: Path, **files: str) -> None:
        self.place, self.texts = place, files

    def read_text(self, filename):  # type: ignore[no-untyped-def]
        return self.texts.get(filename.partition(".")[0])

    def locate_file(self, path):  # type: ignore[no-untyped-def]
        return self.place / path


def test_an_editable_install_is_told_from_a_wheel(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    editable = json.dumps({"url": "file:///x", "dir_info": {"editable": True}})
    assert is_editable(Dist(site, RECORD="", direct_url=editable))
    assert is_editable(Dist(tmp_path)), "metadata in a source folder"
    assert not is_editable(Dist(site, RECORD=""))
    assert not is_editable(Dist(site, RECORD="", direct_url='{"url": "file:///x.whl", "archive_info": {}}'))
    assert not is_editable(Dist(site)), "a system's package"
    assert not is_editable(Dist(site, RECORD="", direct_url="not JSON"))


def test_a_process_that_has_other_code_than_was_asked_for_does_not_use_it(folder: Path) -> None:
    asked = Plugins(folder / "benchfile.py").registry.spec("model", "net")
    edited(folder, "helper.py", "2 * x", "3 * x")
    with pytest.raises(PluginError, match="changed while it was in use"):
        asked.create(Plugins(folder / "benchfile.py").registry)


PACKAGE = {
    "worked_on/__init__.py": "from .models import Net\nfrom .metrics import Score\n",
    "worked_on/models.py": (
        "from . import blocks\nfrom .parts import scale as scaled\nfrom beside_it import constant\nimport soundfile\n"
        "class Net:\n    def run(self):\n        return blocks.made(scaled(constant)), soundfile\n"
    ),
    "worked_on/blocks.py": "def made(x):\n    return x\n",
    "worked_on/parts/__init__.py": "from .inner import scale\n",
    "worked_on/parts/inner.py": "def scale(x):\n    return x\n\ndef other(x):\n    return x\n",
    "worked_on/metrics.py": "class Score:\n    pass\n",
    "beside_it.py": "constant = 1\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("worked_on/blocks.py", "return x", "return -x", True),
        ("worked_on/parts/inner.py", "def scale(x):\n    return x", "def scale(x):\n    return -x", True),
        ("worked_on/parts/inner.py", "def other(x):\n    return x", "def other(x):\n    return -x", False),
        ("beside_it.py", "1", "2", True),
        ("worked_on/metrics.py", "pass", "x = 1", False),
        ("worked_on/__init__.py", "from .metrics", "# all\nfrom .metrics", False),
    ],
)
def test_an_editable_package_is_followed_through_its_own_imports(
    tmp_path, monkeypatch, file, old, new, counts
) -> None:
    for name, text in PACKAGE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    try:
        net = importlib.import_module("worked_on").Net
        first = code_digest(net)
        text = (tmp_path / file).read_text()
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new))
        assert (code_digest(net) != first) == counts
    finally:
        for name in set(sys.modules) - known:
            if name.startswith(("worked_on", "beside_it")):
                del sys.modules[name]
