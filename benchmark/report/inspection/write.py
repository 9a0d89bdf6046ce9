"""Write what was found about a suite's failures."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmark.exceptions import ResultsError
from benchmark.files import make_folder, write_text
from benchmark.report.inspection.material import Inspection
from benchmark.report.inspection.page import inspection_page, shown_tracks
from benchmark.report.inspection.spectrograms import FOLDER as PICTURES
from benchmark.report.inspection.spectrograms import write_spectrograms
from benchmark.report.inspection.tables import TITLES, inspection_tables
from benchmark.report.render import escape_markdown, to_csv, to_markdown
from benchmark.text import visible

FORMATS = ("md", "csv", "html")
FOLDER, PAGE = "inspect", "inspect"


def write_inspection(
    inspection: Inspection, folder: Path, formats: Collection[str] = FORMATS, limit: int = 50
) -> list[Path]:
    """Write tables and the page into ``folder``, and return the files; spectrograms lie in a folder below.

    CSV files have all tracks; the page, and tables in Markdown, have ``limit`` of each kind.

    Raises:
        ResultsError: when the folder cannot be written.
    """
    short, files = inspection_tables(inspection, limit), []
    try:
        make_folder(folder)
        if "html" in formats:
            tracks = [inspection.files[track] for track in shown_tracks(short) if track in inspection.files]
            pictures, problems = write_spectrograms(tracks, folder / PICTURES)
            files.append(
                _write(folder / f"{PAGE}.html", inspection_page(inspection, short, pictures, problems))
            )
        if "md" in formats:
            parts = [f"# {escape_markdown(inspection.suite)}: where it fails\n"]
            for name, table in short.items():
                parts += [f"## {TITLES[name]}\n", to_markdown(table)]
            files.append(_write(folder / f"{PAGE}.md", visible("\n".join(parts))))
        if "csv" in formats:
            files += [
                _write(folder / f"{name}.csv", visible(to_csv(table)))
                for name, table in inspection_tables(inspection).items()
                if table.columns
            ]
    except OSError as error:
        raise ResultsError(
            f"{folder} cannot be written ({error.strerror or error}). Choose another folder with --out DIR."
        ) from error
    return files


def _write(file: Path, text: str) -> Path:
    write_text(file, text)
    return file
