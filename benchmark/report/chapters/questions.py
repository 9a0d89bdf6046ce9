"""Chapters that answer further questions: how much data, which dose, what depends on what, here and there."""

from __future__ import annotations

from benchmark.report.chapters.kinds import Chapter, Tables, titled
from benchmark.report.charts.kinds import Picture
from benchmark.report.charts.questions import (
    dose_pictures,
    interaction_pictures,
    learning_pictures,
    shift_pictures,
)
from benchmark.report.material import Material
from benchmark.report.questions.doses import doses_tables
from benchmark.report.questions.interactions import interactions_tables
from benchmark.report.questions.learning import learning_tables
from benchmark.report.questions.shifts import shifts_tables
from benchmark.report.sections import DOSES, INTERACTIONS, LEARNING, SHIFT

_LEARNING, _DOSES, _INTERACTIONS, _SHIFT = (
    "How much data", "Dose and response", "Interactions", "Here and there",
)  # fmt: skip
TITLES = (_LEARNING, _DOSES, _INTERACTIONS, _SHIFT)


def learning_chapter(material: Material) -> Chapter:
    """Return curves over the size of the training part, and what choices are worth in data."""
    tables = titled(_LEARNING, *learning_tables(material.questions, material.words))
    pictures = tuple(learning_pictures(material.questions, material.words, material.marks))
    return _chapter(LEARNING, _LEARNING, tables, pictures)


def doses_chapter(material: Material) -> Chapter:
    """Return curves and surfaces over axes of numbers."""
    tables = titled(_DOSES, *doses_tables(material.questions, material.words))
    pictures = tuple(dose_pictures(material.questions, material.words, material.marks))
    return _chapter(DOSES, _DOSES, tables, pictures)


def interactions_chapter(material: Material) -> Chapter:
    """Return where the effect of one axis depends on the value of another."""
    tables = titled(_INTERACTIONS, *interactions_tables(material.questions, material.words))
    pictures = tuple(interaction_pictures(material.questions, material.words, material.marks))
    return _chapter(INTERACTIONS, _INTERACTIONS, tables, pictures)


def shift_chapter(material: Material) -> Chapter:
    """Return how rows do on other evaluation sets than the first."""
    tables = titled(_SHIFT, *shifts_tables(material.questions, material.words))
    pictures = tuple(shift_pictures(material.questions, material.words, material.marks))
    return _chapter(SHIFT, _SHIFT, tables, pictures)


def _chapter(name: str, title: str, tables: tuple[Tables, ...], pictures: tuple[Picture, ...]) -> Chapter:
    said = tuple(sentence for own in tables for table in own.tables for sentence in table.lead)
    return Chapter(name, title, tables, pictures, said, sortable=name == INTERACTIONS)
