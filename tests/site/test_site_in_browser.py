"""A leaderboard in a real browser, from files: links, filters, and that nothing leaves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bundled
import fabricate
import pytest

from benchmark.site.write import write_site

HOSTILE = "<script>document.title='owned'</script>\"'<img src=x onerror=alert(1)>"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    text = fabricate.SUITE.replace("label: third_50%", f"label: {json.dumps(HOSTILE)}")
    write_site(bundled.three_labs(folder / "labs", text), folder / "public")
    return folder / "public"


def visible_rows(driver: Any) -> list[str]:
    script = "return [...document.querySelectorAll('#leaderboard-table tbody tr')].filter(r => !r.hidden).map(r => r.innerText)"
    return driver.execute_script(script)


def test_a_reader_goes_from_all_tables_to_a_row_and_back(driver: Any, site: Path) -> None:
    driver.get((site / "index.html").as_uri())
    driver.find_element("link text", "tones:test").click()
    assert len(visible_rows(driver)) == 6
    driver.find_element("link text", "second · none").click()
    assert driver.find_element("tag name", "h1").text == "second · none"
    assert "strategy: stratified" in driver.find_element("id", "run").text
    assert "Lab A" in driver.find_element("id", "provenance").text or "A.zip" in driver.page_source
    driver.find_element("link text", "All tables").click()
    assert driver.find_element("tag name", "h1").text == "Leaderboard"


def test_a_table_is_filtered_and_sorted(driver: Any, site: Path) -> None:
    (table,) = (site / "tables").iterdir()
    driver.get(table.as_uri())
    script = """
        const choice = document.querySelector('select[data-column="check"]');
        choice.value = arguments[0];
        choice.dispatchEvent(new Event('change', {bubbles: true}));
    """
    driver.execute_script(script, "not reproduced")
    shown = visible_rows(driver)
    assert 0 < len(shown) < 6
    assert all("not reproduced" in text for text in shown)
    driver.execute_script(script, "")
    buttons = driver.find_elements("css selector", "#leaderboard-table thead button")
    next(button for button in buttons if button.text.strip() == "row").click()
    names = [text.split("\n")[0].split("\t") for text in visible_rows(driver)]
    assert len(names) == 6


def test_nothing_is_loaded_and_no_stranger_s_text_is_obeyed(driver: Any, site: Path) -> None:
    driver.get_log("performance")
    for page in sorted(site.rglob("*.html")):
        driver.get(page.as_uri())
        assert driver.title != "owned"
    sent = [json.loads(each["message"])["message"] for each in driver.get_log("performance")]
    asked = [
        each["params"]["request"]["url"] for each in sent if each["method"] == "Network.requestWillBeSent"
    ]
    assert asked
    assert all(url.startswith(("file://", "data:")) for url in asked)
    errors = [each for each in driver.get_log("browser") if each["level"] == "SEVERE"]
    assert errors == []


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_window(driver: Any, site: Path, width: int) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )
    for page in (
        site / "index.html",
        next((site / "tables").iterdir()),
        next((site / "rows").glob("*.html")),
    ):
        driver.get(page.as_uri())
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width, page.name
