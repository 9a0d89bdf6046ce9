"""The page: sections in order, style and script inlined, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from benchmark.report.chapters.kinds import Chapter
from benchmark.report.html.about import cells_section, data_section, made_with_section, suite_section
from benchmark.report.html.chapters import chapter_section
from benchmark.report.html.leaderboard import leaderboard_section
from benchmark.report.html.palette import heat_rules
from benchmark.report.html.section import Section
from benchmark.report.html.tables import LETTERS
from benchmark.report.leaderboard import MARKS
from benchmark.report.material import Material
from benchmark.report.sections import CELLS, DATA, LEADERBOARD, MADE_WITH, SUITE
from benchmark.results.frames import STATUS

_ABOUT = {CELLS: cells_section, DATA: data_section, MADE_WITH: made_with_section, SUITE: suite_section}


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


def to_html(material: Material, chapters: Sequence[Chapter]) -> str:
    """Return the report as one page; see ``render``."""
    return render(make_page(material, chapters))


def render(page: Page) -> str:
    """Return a page that needs no network, and may load nothing from it.

    All text is escaped by the template engine; style and script run by their hashes, so that no other text of the
    page ever could.
    """
    template, drawn = _template()
    filled = replace(page, sections=tuple(section for section in page.sections if not section.is_empty))
    return str(template.render(page=filled, **drawn))


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


def make_page(material: Material, chapters: Sequence[Chapter]) -> Page:
    """Return the page's contents; sections without any are not drawn."""
    suite, cells = material.plan.suite, material.results.cells
    sections = [
        *([leaderboard_section(material)] if LEADERBOARD in material.sections else []),
        *(chapter_section(chapter) for chapter in chapters),
        *(make(material) for name, make in _ABOUT.items() if name in material.sections),
    ]
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
        tuple((mark, MARKS.get(mark, "")) for mark in material.marks),
        tuple(sections),
        f"Made by genrebench {version('genrebench')}. This file needs nothing else, and loads nothing.",
    )


def _inlined(environment: object, name: str) -> str:
    loader = environment.loader  # type: ignore[attr-defined]
    source: str = loader.get_source(environment, name)[0]
    return source.strip()


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
