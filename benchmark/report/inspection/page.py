"""The page on which tracks are looked at and heard: tables, then a card for each track."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from benchmark.report.html.tables import LETTERS, Head, PageCell, PageTable, page_table
from benchmark.report.inspection.material import Inspection
from benchmark.report.inspection.spectrograms import FOLDER
from benchmark.report.inspection.tables import DOUBTS, FLIPS, HARD, TITLES
from benchmark.report.leaderboard import MARKS
from benchmark.report.table import Table

_RIGHT, _WRONG = "right", "wrong"
# Of more rows a card does not show the answers.
_MOST_ROWS = 60


@dataclass(frozen=True)
class Card:
    """One track: ``name`` of its place on the page, ``id``, its class, what is said of it, and all rows' answers.

    ``source`` is the address of its file, ``picture`` the name of its spectrogram; each is empty where there is none,
    and ``problem`` then says why.
    """

    name: str
    id: str
    label: str
    said: tuple[str, ...]
    source: str
    picture: str
    problem: str
    answers: PageTable


def shown_tracks(tables: Mapping[str, Table]) -> list[str]:
    """Return the ids of the tracks that tables list, each once: hard ones, then doubtful ones, then those that flip."""
    return list(
        dict.fromkeys(str(line["track"]) for name in (HARD, DOUBTS, FLIPS) for line in tables[name].lines)
    )


def inspection_page(
    inspection: Inspection,
    tables: Mapping[str, Table],
    pictures: Mapping[str, str],
    problems: Mapping[str, str],
) -> str:
    """Return the page. It loads pictures beside it, and plays files of this machine when it is opened from a disk.

    Args:
        inspection: what is shown.
        tables: as short as they are to be.
        pictures: names of spectrograms by the track's id.
        problems: why a track has none.
    """
    place = {str(track): number for number, track in enumerate(inspection.answers.tracks)}
    cards = [_card(inspection, tables, place[track], pictures, problems) for track in shown_tracks(tables)]
    grids = {TITLES[name]: _linked(name, table) for name, table in tables.items() if table.lines}
    empty = [table.caption for table in tables.values() if not table.lines]
    template, drawn = _template()
    return str(
        template.render(
            suite=inspection.suite,
            evaluation=inspection.answers.set,
            facts=(
                ("evaluated on", inspection.answers.set),
                ("tracks", f"{len(inspection.answers.tracks):,}"),
                ("rows asked", f"{len(inspection.answers.rows):,}"),
                ("labels in doubt", f"{len(inspection.doubts):,}"),
            ),
            warnings=[(mark, MARKS.get(mark, "")) for mark in inspection.marks],
            grids=grids,
            empty=empty,
            cards=cards,
            folder=FOLDER,
            footer=f"Made by genrebench {version('genrebench')}. It names files of this machine: not for publishing.",
            **drawn,
        )
    )


def track_name(track: str) -> str:
    """Return what a track is called in addresses of the page."""
    return f"track-{hashlib.sha256(track.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def _card(
    inspection: Inspection,
    tables: Mapping[str, Table],
    place: int,
    pictures: Mapping[str, str],
    problems: Mapping[str, str],
) -> Card:
    track = str(inspection.answers.tracks[place])
    file = inspection.files.get(track)
    absent = (
        "Its data are not here: give their folder with --data." if file is None else problems.get(track, "")
    )
    return Card(
        track_name(track),
        track,
        inspection.answers.classes[inspection.answers.labels[place]],
        tuple(_said(inspection, tables, track)),
        "" if file is None else file.path.absolute().as_uri(),
        pictures.get(track, ""),
        absent,
        _answers(inspection, place),
    )


def _said(inspection: Inspection, tables: Mapping[str, Table], track: str) -> list[str]:
    """Return what the tables say of a track, in sentences."""
    said = []
    for line in tables[HARD].lines:
        if line["track"] == track:
            said.append(f"{line['right_by']} of {line['tested_by']} rows get it right.")
    for line in tables[DOUBTS].lines:
        if line["track"] == track:
            said.append(f"Its label is in doubt: likely {line['likely']}.")
    for line in tables[FLIPS].lines:
        if line["track"] == track:
            said.append(
                f"With {inspection.axis} {line['value']}, {line['gained']} of {line['pairs']} cells become right and "
                f"{line['lost']} wrong."
            )
    return said


def _answers(inspection: Inspection, place: int) -> PageTable:
    """Return what each row says of a track, those that are right first."""
    answers, label = inspection.answers, int(inspection.answers.labels[place])
    lines = []
    order = sorted(
        (at for at in range(len(answers.rows)) if answers.cells[at, place]),
        key=lambda at: -answers.probabilities[at, place, label],
    )
    for at in order[:_MOST_ROWS]:
        cells, share = int(answers.cells[at, place]), float(answers.right[at, place])
        said = int(answers.said[at, place])
        likely = answers.probabilities[at, place]
        name = inspection.labels[answers.rows[at]]
        lines.append(
            (
                PageCell(name, name, is_head=True),
                PageCell(answers.classes[said], style=_RIGHT if said == label else _WRONG),
                PageCell(f"{100 * likely[said]:.0f}"),
                PageCell(f"{100 * likely[label]:.0f}"),
                PageCell(f"{round(share * cells)} of {cells}"),
            )
        )
    heads = (
        Head("row"),
        Head("says"),
        Head("with %", True),
        Head("its class, %", True),
        Head("cells right", True),
    )
    more = len(order) - len(lines)
    notes = (f"{more:,} more rows are not shown.",) if more else ()
    name = f"{track_name(str(answers.tracks[place]))}-answers"
    return PageTable(name, "Answers of all rows, mean over their cells.", heads, tuple(lines), notes=notes)


def _linked(name: str, table: Table) -> PageTable:
    """Return a table whose tracks lead to their cards."""
    drawn = page_table(f"{name}-table", table, head="track")
    lines = tuple(
        tuple(replace(cell, href=f"#{track_name(cell.text)}") if cell.is_head else cell for cell in line)
        for line in drawn.lines
    )
    return replace(drawn, lines=lines)


@cache
def _template() -> tuple[Any, dict[str, Any]]:
    """Return the template, and what is the same on all pages."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = ChoiceLoader(
        [PackageLoader("benchmark.report.inspection"), PackageLoader("benchmark.report.html")]
    )
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["letters"] = LETTERS

    def text(*names: str) -> str:
        return "\n".join(loader.get_source(environment, name)[0].strip() for name in names)

    style, script = text("page.css", "inspection.css"), text("page.js", "inspection.js")
    # Over a network only what lies beside the page is loaded, and nothing is played: the script asks for no file then.
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src 'self' file: data:; "
        "media-src file:; base-uri 'none'; form-action 'none'"
    )
    inlined = {"style": Markup(style), "script": Markup(script)}  # noqa: S704 (our own files, no text of a suite)
    return environment.get_template("inspection.html.j2"), {"policy": policy, **inlined}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
