"""The sections of a report by the names that they are asked for by, in the order in which they stand."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.exceptions import UsageError, did_you_mean

LEADERBOARD, REFERENCE, EVIDENCE, CLASSES, EFFECTS = (
    "leaderboard", "reference", "evidence", "classes", "effects",
)  # fmt: skip
ROBUSTNESS = "robustness"
ENSEMBLES = "ensembles"
LEARNING, DOSES, INTERACTIONS, SHIFT = "learning", "doses", "interactions", "shift"
COST, CONFUSION, CALIBRATION, CURVES, STUDIES = "cost", "confusion", "calibration", "curves", "studies"
AUDIT, CELLS, DATA, MADE_WITH, SUITE = "audit", "cells", "data", "made-with", "suite"
QUESTIONS = (LEARNING, DOSES, INTERACTIONS, SHIFT)
# What each one shows, for people.
SECTIONS = {
    LEADERBOARD: "all rows with their ranks",
    ENSEMBLES: "ensembles of rows and of seeds, where the suite asks for them",
    REFERENCE: "what others reported, beside what was measured",
    EVIDENCE: "which differences are real, and average ranks",
    CLASSES: "accuracy per class, and against the baseline",
    EFFECTS: "what each value of an axis changes",
    ROBUSTNESS: "what is lost on worn tracks, and which change buys how much of it",
    LEARNING: "how much data: curves over training sizes",
    DOSES: "dose and response: curves over numbers, and surfaces",
    INTERACTIONS: "what depends on what",
    SHIFT: "here and there: one evaluation set against another",
    COST: "accuracy against what it costs",
    CONFUSION: "which classes are taken for which",
    CALIBRATION: "how far confidence can be trusted",
    CURVES: "learning curves by epoch",
    STUDIES: "what tuning chose",
    AUDIT: "what leakage audits found",
    CELLS: "how cells ended",
    DATA: "datasets and files left out",
    MADE_WITH: "versions and machines",
    SUITE: "the suite as it is written",
}


def checked_sections(names: Sequence[str]) -> frozenset[str]:
    """Return the sections that are asked for; without ``names``, all.

    Raises:
        UsageError: when there is no such section; lists all.
    """
    for name in names:
        if name not in SECTIONS:
            raise UsageError(f"A report has no section '{name}'." + did_you_mean(name, list(SECTIONS)))
    return frozenset(names or SECTIONS)
