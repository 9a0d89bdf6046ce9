"""How long a leaderboard of many rows takes, and how large its pages are: 1,000 rows of 3 seeds on 100 tracks.

Run: python benchmarks/site.py [rows [seeds [tracks]]]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from reporting import fill, plan_of


def main() -> None:
    from benchmark.bundles.export import export
    from benchmark.results.store import ResultsStore
    from benchmark.site.write import write_site

    rows, seeds, tracks = [*map(int, sys.argv[1:]), *(1000, 3, 100)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        fill(folder, rows, seeds, tracks)
        plan, _ = plan_of(folder, rows, seeds)
        file = export(plan, ResultsStore(folder, "large"), folder / "large.zip", lab="A lab").file
        started, spent = time.perf_counter(), time.process_time()
        boards, _ = write_site([file], folder / "public")
        pages = list((folder / "public").rglob("*.*"))
        table = max(page.stat().st_size for page in (folder / "public" / "tables").iterdir())
        print(
            f"{sum(len(board.rows) for board in boards)} rows: {time.perf_counter() - started:.1f} s "
            f"({time.process_time() - spent:.1f} s on a CPU), {len(pages)} files of "
            f"{sum(page.stat().st_size for page in pages) / 1e6:.1f} MB, the largest table {table / 1e6:.2f} MB, "
            f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
        )


if __name__ == "__main__":
    main()
