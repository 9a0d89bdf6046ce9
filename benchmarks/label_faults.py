"""How many of GTZAN's known faults are among the labels that 'bench inspect' doubts, and how many of those are faults.

Run: python benchmarks/label_faults.py SUITE LISTS --results DIR --data gtzan=DIR
SUITE has been run; LISTS is the folder with the lists of the fault-filtered split (Kereliuk et al. 2015): tracks in
none of them are faulty (exact and near copies, wrong labels, distortions). Beside the flags stands what is easier to
think of: tracks that all rows get wrong, and as many tracks as there are faults, by margin.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmark.analysis.inspection.confident import suspects
from benchmark.cli.loading import load_plan
from benchmark.cli.options import read_locations
from benchmark.report.inspection.material import inspected
from benchmark.results.collect import collect
from benchmark.results.matching import with_results
from benchmark.results.store import ResultsStore


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", type=Path)
    parser.add_argument("lists", type=Path)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--data", action="append", default=[])
    given = parser.parse_args()
    listed = {
        named(line.strip())
        for file in sorted(given.lists.glob("*_filtered.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    }
    locations = read_locations(tuple(given.data), given.cache, given.results)
    plugins, plan = load_plan(given.suite, (), locations, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    known = with_results(plan, store, plugins.registry)
    found = inspected(collect(known, store, plugins.registry), known)
    answers = found.answers
    names = [named(track) for track in answers.tracks.tolist()]
    faulty = {place for place, name in enumerate(names) if name not in listed}
    print(f"{len(names)} tracks, {len(faulty)} faulty: {', '.join(names[place] for place in sorted(faulty))}")
    print(f"{len(answers.rows)} rows: {'; '.join(found.labels[row] for row in answers.rows)}")
    margins = np.argsort(-found.suspects.margins, kind="stable")
    said("flagged, all rows together", (each.track for each in found.doubts), faulty)
    votes = np.zeros(len(names))
    for place, row in enumerate(answers.rows):
        own = suspects(answers.labels, answers.probabilities[place].astype(np.float64))
        votes += own.flagged
        said(f"flagged, {found.labels[row]}", np.flatnonzero(own.flagged).tolist(), faulty)
    said("flagged by most rows", np.flatnonzero(2 * votes > len(answers.rows)).tolist(), faulty)
    said("flagged by some row", np.flatnonzero(votes).tolist(), faulty)
    said("wrong by all rows", (each.track for each in found.hard if not each.right_by), faulty)
    said("wrong by most rows", (each.track for each in found.hard), faulty)
    said(f"the first {len(faulty)} by margin", margins[: len(faulty)].tolist(), faulty)
    places = [int(np.flatnonzero(margins == place)[0]) + 1 for place in sorted(faulty)]
    print(f"places of the faulty by margin: {sorted(places)}")


def named(track: str) -> str:
    """Return a track's name, as ``blues.00000``, from its id or from a line of a list."""
    return track.rpartition("/")[2].removesuffix(".wav").removesuffix(".au")


def said(what: str, tracks: Iterable[int], faulty: set[int]) -> None:
    """Print how many of some tracks are faulty."""
    flagged = set(tracks)
    both = len(flagged & faulty)
    precision = f"{100 * both / len(flagged):.0f} %" if flagged else "–"
    print(
        f"{what}: {len(flagged)} tracks, {both} faulty; precision {precision}, recall {100 * both / len(faulty):.0f} %"
    )


if __name__ == "__main__":
    main()
