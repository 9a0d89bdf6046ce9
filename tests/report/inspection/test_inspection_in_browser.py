"""The page of an inspection in a real browser: what is heard, what is seen, and what cannot happen."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fabricate
import numpy as np
import pytest

from benchmark.plugin.tracks import Corpus, Track
from benchmark.report.inspection.material import inspected
from benchmark.report.inspection.write import write_inspection
from benchmark.results.collect import collect

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)> \"'%20#?é"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an inspection of tracks whose files have names that are markup, and addresses if taken for such."""
    import soundfile

    folder = tmp_path_factory.mktemp("page")
    text = fabricate.SUITE.replace("label: third_50%", f"label: {json.dumps(HOSTILE)}")
    plan = fabricate.make_plan(folder, text)
    store = fabricate.make_results(plan, folder / "results", marks=["synthetic"])
    tracks = []
    for number in range(fabricate.TRACKS):
        file = folder / "audio" / f"{number} {HOSTILE}.wav"
        file.parent.mkdir(exist_ok=True)
        if number % 4 != 3:
            tone = 0.5 * np.sin(2 * np.pi * 220 * (number + 1) * np.arange(22_050) / 22_050)
            soundfile.write(file, tone, 22_050)
        tracks.append(Track(f"track {number:02d}", file, "blues", "", 1.0))
    corpus = Corpus(tuple(tracks), fabricate.CLASSES)
    key = plan.suite.cells[0].spec.dataset.key
    plan = replace(plan, corpora_by_key={key: corpus})
    results = collect(plan, store, fabricate.make_registry())
    write_inspection(inspected(results, plan), folder / "inspect")
    return folder / "inspect"


@pytest.fixture
def page(driver: Any, folder: Path) -> Any:
    driver.get((folder / "inspect.html").as_uri())
    return driver


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/inspect.html"
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


def players(driver: Any) -> list[Any]:
    return [each for each in driver.find_elements("css selector", "audio") if each.is_displayed()]


PLAYED = """
    const done = arguments[1], player = arguments[0];
    player.addEventListener("loadedmetadata", () => done(player.duration));
    player.addEventListener("error", () => done("error"));
    player.preload = "auto";
    player.load();
"""


def test_a_track_is_heard_from_disk_whatever_its_file_is_called(page: Any) -> None:
    assert players(page)
    heard = [page.execute_async_script(PLAYED, player) for player in players(page)[:3]]
    assert 1.0 in heard
    assert set(heard) <= {1.0, "error"}
    page.get_log("browser")


def test_a_file_that_cannot_be_played_says_so(page: Any) -> None:
    card = next(
        each
        for each in page.find_elements("css selector", ".track")
        if each.find_elements("css selector", ".problem")
    )
    assert card.find_elements("css selector", "img") == []
    player = card.find_element("css selector", "audio")
    assert page.execute_async_script(PLAYED, player) == "error"
    assert card.find_element("css selector", ".unplayable").is_displayed()
    page.get_log("browser")


def test_spectrograms_are_seen_and_nothing_else_is_loaded(page: Any, folder: Path) -> None:
    page.get_log("browser")
    page.get_log("performance")
    page.refresh()
    pictures = page.find_elements("css selector", ".track img")
    assert pictures
    page.execute_script("arguments[0].scrollIntoView()", pictures[0])
    drawn = page.execute_async_script(
        "const [image, done] = arguments; image.decode().then(() => done(image.naturalWidth))", pictures[0]
    )
    assert drawn == 480
    asked = {
        message["params"]["request"]["url"]
        for entry in page.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
    }
    assert {url for url in asked if not url.startswith((folder.as_uri(), "data:"))} == set()
    assert [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_names_with_markup_stay_text(page: Any) -> None:
    assert page.find_elements("css selector", "img[src=x]") == []
    summary = page.find_element("css selector", ".track summary")
    summary.click()
    named = [each.text for each in page.find_elements("css selector", ".track[id] details[open] tbody th")]
    assert any(HOSTILE in name for name in named)
    assert len(named) == 6


def test_a_line_of_a_table_leads_to_its_track_and_tables_are_sorted(page: Any) -> None:
    link = page.find_element("css selector", "table.sortable tbody th a")
    name = link.text
    link.click()
    target = page.find_element("css selector", ".track:target h3")
    assert target.text == name
    button = page.find_element("css selector", "#hard-tracks-table thead button")
    page.execute_script("arguments[0].click()", button)
    first = page.find_elements("css selector", "#hard-tracks-table tbody th")
    assert [each.text for each in first] == sorted(each.text for each in first)


def test_over_a_network_nothing_is_played_and_the_page_says_why(driver: Any, served: str) -> None:
    driver.get(served)
    assert players(driver) == []
    assert driver.find_elements("css selector", "audio[src]") == []
    assert driver.find_element("css selector", ".online").is_displayed()
    assert driver.find_elements("css selector", ".track img")
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
