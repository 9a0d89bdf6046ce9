"""Open bundles: unpack what their manifests list, and make plans of it that need no data and run no foreign code."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from benchmark.bundles.archive import Member, read_blocks, read_members
from benchmark.bundles.manifest import (
    BENCHFILE,
    MANIFEST,
    MOST_BYTES,
    RESULTS,
    SUITE,
    Manifest,
    read_manifest,
)
from benchmark.exceptions import BundleError, DatasetError, Problem, SuiteError
from benchmark.plugin.benchfile import BENCHFILE as BENCHFILE_NAME
from benchmark.plugin.benchfile import Benchfile, read_benchfile
from benchmark.plugin.manager import Plugins
from benchmark.results.added import read_race, with_added
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite
from benchmark.suite.rehearse import rehearse

if TYPE_CHECKING:
    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.plugin.tracks import Corpus
    from benchmark.settings import DuplicateSettings

_ZIP = b"PK\3\4"


@dataclass(frozen=True)
class Opened:
    """A bundle that lies unpacked in ``folder``.

    ``problems`` are members that are not what was written, by name, with what is wrong with each; they were not
    unpacked.
    """

    file: Path
    folder: Path
    manifest: Manifest
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> ResultsStore:
        """Its results."""
        return ResultsStore(self.folder / RESULTS, self.manifest.suite)

    @property
    def suite(self) -> Path:
        """Its suite."""
        return self.folder / SUITE


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a bundle does."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(_ZIP)) == _ZIP
    except OSError:
        return False


@contextmanager
def opened(file: Path, *, damaged: bool = False) -> Iterator[Opened]:
    """Unpack a bundle for as long as this lasts; nothing takes more room than the file has.

    ``damaged``: members that are not what was written are told of, and not an error.

    Raises:
        BundleError: when the file cannot be read, or is no bundle that is whole.
    """
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(file.open("rb"))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-bundle-")))
            manifest, members, problems = _listed(stream)
            for name, member in members.items():
                problem = problems.get(name) or _unpack(stream, member, manifest, folder)
                if problem:
                    problems[name] = problem
            if problems and not damaged:
                raise BundleError(next(iter(problems.values())))
        except BundleError as error:
            raise BundleError(f"{file}: {error}") from error
        except OSError as error:
            raise BundleError(f"{file} cannot be read: {error.strerror or error}.") from error
        # What goes wrong from here on is not the bundle's.
        yield Opened(file, folder, manifest, problems)


@contextmanager
def opened_plan(file: Path) -> Iterator[tuple[Opened, Plan, Registry]]:
    """Unpack a bundle, and yield it with its plan and the registry; see ``opened`` and ``plan_of``.

    Raises:
        BundleError: as ``opened``.
        SuiteError: when its suite cannot be read here.
    """
    with opened(file) as bundle:
        registry = foreign_registry(bundle.folder / BENCHFILE)
        yield bundle, plan_of(bundle, registry), registry


def foreign_registry(benchfile: Path | None = None) -> Registry:
    """Return the components that are installed here; whatever else a suite names is taken for one of a stranger's.

    A benchfile of a bundle is data: it is read, and not run.
    """
    source = read_benchfile(benchfile) if benchfile is not None else None
    registry = Plugins().registry
    registry.unopened = source or Benchfile(Path(BENCHFILE_NAME), hashlib.sha256(b"").hexdigest(), b"")
    return registry


def plan_of(bundle: Opened, registry: Registry) -> Plan:
    """Return the plan of a bundle's suite: its cells have the identities that the manifest says they have.

    Raises:
        SuiteError: when the suite cannot be read: a component here has other parameters, say.
    """
    try:
        suite = load_suite(bundle.suite, registry, to_report=True)
    except SuiteError as error:
        hint = f"This is the suite in {bundle.file}; other versions of plugins may have made it."
        raise SuiteError(
            [*(Problem("suite", problem.message) for problem in error.problems), Problem("", hint)]
        ) from error
    if suite.tune is not None:
        # It is a stranger's: a database that it names is not opened.
        settings = suite.tune.settings.model_copy(update={"storage": None})
        suite = replace(suite, tune=replace(suite.tune, settings=settings))
    if bundle.manifest.rehearsal:
        suite = rehearse(suite, registry)
    suite, notes = with_added(suite, read_race(bundle.store.folder), registry)
    listed = {tuple(sorted(cell.labels.items())): cell.id or None for cell in bundle.manifest.cells}
    ids = tuple(listed.get(tuple(sorted(cell.labels.items()))) for cell in suite.cells)
    plan = Plan(suite, ids, {}, {}, _no_corpus, Identifier(lambda spec: None), notes)
    if suite.tune is not None:
        from benchmark.tuning.resolve import resolved

        # What studies chose is known; the identities remain those of the manifest.
        plan = replace(resolved(plan, bundle.store.folder, registry), ids=ids)
    return plan


def _no_corpus(spec: ComponentSpec, duplicates: DuplicateSettings | None = None, /) -> Corpus:
    raise DatasetError(f"Dataset {spec.label} is not in a bundle.")


def _listed(stream: BinaryIO) -> tuple[Manifest, dict[str, Member], dict[str, str]]:
    """Return the manifest, the members, and what is wrong with those that are not listed, or not there."""
    first, *others = read_members(stream)
    if first.name != MANIFEST:
        raise BundleError(f"it is no bundle: it begins with '{first.name}', and not with '{MANIFEST}'.")
    if first.size > MOST_BYTES:
        raise BundleError(f"member '{MANIFEST}' is refused: it has {first.size:,} bytes.")
    manifest = read_manifest(b"".join(read_blocks(stream, first)))
    members = {member.name: member for member in others}
    problems = {
        name: f"member '{name}' is not listed in its manifest."
        for name in members
        if name not in manifest.members
    }
    problems |= {name: f"member '{name}' is missing." for name in manifest.members if name not in members}
    if SUITE not in members:
        problems.setdefault(SUITE, f"member '{SUITE}' is missing.")
    return manifest, members, problems


def _unpack(stream: BinaryIO, member: Member, manifest: Manifest, folder: Path) -> str:
    """Write a member below a folder; return what is wrong with it, or an empty text."""
    listed = manifest.members[member.name]
    if listed.size != member.size:
        return f"member '{member.name}' has {member.size:,} bytes, and {listed.size:,} when it was written."
    digest = hashlib.sha256()
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("wb") as out:
            for block in read_blocks(stream, member):
                digest.update(block)
                out.write(block)
    except BundleError as error:
        target.unlink()
        return str(error)
    if digest.hexdigest() != listed.sha256:
        target.unlink()
        return f"member '{member.name}' is not what was written."
    return ""
