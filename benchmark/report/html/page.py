"""The page: sections in order, style and script inlined, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from benchmark.report.html.about import cells_section, data_section, made_with_section, suite_section
from benchmark.report.html.evidence import calibration_section, effects_section, pairs_section
from benchmark.report.html.grid import LETTERS, table_grid
from benchmark.report.html.material import Material
from benchmark.report.html.palette import heat_rules
from benchmark.report.html.questions import question_sections
from benchmark.report.html.results import (
    classes_section,
    confusion_section,
    cost_section,
    curves_section,
    differences_section,
    leaderboard_section,
    slug,
)
from benchmark.report.html.robustness import robustness_section
from benchmark.report.html.section import Section
from benchmark.report.leaderboard import MARKS
from benchmark.report.questions.gather import words
from benchmark.report.questions.tables import TITLES
from benchmark.report.robustness import TITLE as ROBUSTNESS
from benchmark.report.table import Table
from benchmark.results.frames import STATUS


@dataclass(frozen=True)
class Page:
    """What the template draws. ``links`` lead to other pages, before the page's own sections."""

    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    footer: str
    kicker: str = "genrebench report"
    links: tuple[tuple[str, str], ...] = ()


def to_html(material: Material) -> str:
    """Return the report as one page; see ``render``."""
    return render(make_page(material))


def render(page: Page) -> str:
    """Return a page that needs no network, and may load nothing from it.

    All text is escaped by the template engine; style and script run by their hashes, so that no other text of the
    page ever could.
    """
    template, drawn = _template()
    return str(template.render(page=page, **drawn))


@cache
def _template() -> tuple[Any, dict[str, Any]]:
    """Return the template, and what is the same on all pages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("benchmark.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["letters"] = LETTERS
    style = _inlined(environment, "page.css") + "\n" + heat_rules()
    script = _inlined(environment, "page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    from markupsafe import Markup

    template = environment.get_template("page.html.j2")
    inlined = {"style": Markup(style), "script": Markup(script)}  # noqa: S704 (our own files, no text of a suite)
    return template, {"policy": policy, **inlined}


def make_page(material: Material) -> Page:
    """Return the page's contents, sections without any left out."""
    suite, cells = material.plan.suite, material.results.cells
    plain = {
        title: several for title, several in material.tables.items() if title not in (*TITLES, ROBUSTNESS)
    }
    tables = tuple(tables_section(title, several) for title, several in plain.items() if several)
    asked = question_sections(material, words(material.results, material.plan, material.labels))
    sections = (
        leaderboard_section(material),
        pairs_section(material),
        *tables,
        classes_section(material),
        differences_section(material),
        effects_section(material),
        robustness_section(material),
        *asked,
        cost_section(material),
        confusion_section(material),
        calibration_section(material),
        curves_section(material),
        cells_section(material),
        data_section(material),
        made_with_section(material),
        suite_section(material),
    )
    finished = int((cells[STATUS] == "ok").sum())
    return Page(
        suite.name,
        suite.description,
        (
            ("rows", f"{len(material.lines):,}"),
            ("cells ok", f"{finished:,} of {len(cells):,}"),
            ("evaluated on", ", ".join(material.results.sets)),
            ("metrics", ", ".join(dict.fromkeys(measure.metric for measure in material.results.measures))),
        ),
        tuple((mark, MARKS.get(mark, "")) for mark in material.all_marks),
        tuple(section for section in sections if not section.is_empty),
        f"Made by genrebench {version('genrebench')}. This file needs nothing else, and loads nothing.",
    )


def tables_section(title: str, tables: Sequence[Table]) -> Section:
    """Return tables that are shown as they are."""
    name = slug(title).lower()
    filled = [table for table in tables if table.lines]
    grids = tuple(table_grid(f"{name}-table-{number}", table) for number, table in enumerate(filled, 1))
    said = tuple(table.caption for table in tables if not table.lines)
    return Section(f"{name}-tables", title, texts=said, grids=grids, sortable=bool(grids))


def _inlined(environment: object, name: str) -> str:
    loader = environment.loader  # type: ignore[attr-defined]
    source: str = loader.get_source(environment, name)[0]
    return source.strip()


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
