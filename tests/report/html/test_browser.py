"""The page in a real browser: what works, what a keyboard reaches, and that nothing leaves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fabricate
import pytest

from benchmark.report.write import write_report

HOSTILE = "<script>document.title='owned'</script>\"'<img src=x onerror=alert(1)>"
SUITE = fabricate.SUITE.replace("label: third_50%", f"label: {json.dumps(HOSTILE)}")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    plan = fabricate.make_plan(folder, SUITE)
    store = fabricate.make_results(plan, folder / "results", {11: f"no luck {HOSTILE}"}, marks=["synthetic"])
    write_report(plan, store, fabricate.make_registry(), ["html"])
    return store.folder / "report" / "report.html"


@pytest.fixture
def browser(driver: Any, page: Path) -> Any:
    resize(driver, 1280)
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "light"}]}
    )
    driver.get(page.as_uri())
    return driver


def resize(driver: Any, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def column(browser: Any, name: str) -> list[str]:
    """Return the texts of a column of the leaderboard, in the order that is seen."""
    script = """
        const table = document.getElementById("leaderboard-table");
        const heads = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells, (head) => head.textContent.trim());
        return Array.from(table.tBodies[0].rows).filter((row) => row.offsetParent !== null)
          .map((row) => row.cells[heads.indexOf(arguments[0])].dataset.value);
    """
    return browser.execute_script(script, name)


def head(browser: Any, name: str) -> Any:
    (found,) = [
        each
        for each in browser.find_elements("css selector", "#leaderboard-table thead th")
        if each.text.strip("↕▲▼ ") == name
    ]
    return found


def test_no_error_is_logged_and_no_request_leaves_the_page(browser: Any, page: Path) -> None:
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    asked = [
        message["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
    ]
    assert page.as_uri() in asked
    assert [url for url in asked if url != page.as_uri() and not url.startswith("data:")] == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_the_page_may_not_load_anything_even_if_it_tried(browser: Any) -> None:
    blocked = browser.execute_async_script("""
        const done = arguments[0];
        document.addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
        fetch("https://example.org/").catch(() => null);
        setTimeout(() => done("nothing"), 2000);
    """)
    assert blocked == "connect-src"
    browser.get_log("browser")


def test_names_and_errors_with_markup_stay_text(browser: Any) -> None:
    assert browser.title.startswith("made_up")
    assert HOSTILE in column(browser, "model")
    assert browser.find_elements("css selector", "img") == []
    assert len(browser.find_elements("css selector", "script")) == 1
    assert f"ValueError: no luck {HOSTILE}" in browser.find_element("id", "errors").text
    browser.find_element("css selector", ".filters select option:last-child").click()
    assert browser.title.startswith("made_up")


def test_a_click_sorts_and_another_turns_the_order_around(browser: Any) -> None:
    header = head(browser, "macro-f1")
    assert header.get_attribute("aria-sort") == "none"
    before = column(browser, "macro-f1")
    header.find_element("tag name", "button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert column(browser, "macro-f1") == sorted(before, key=float, reverse=True)
    header.find_element("tag name", "button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert column(browser, "macro-f1") == sorted(before, key=float)
    head(browser, "model").find_element("tag name", "button").click()
    assert header.get_attribute("aria-sort") == "none"
    assert column(browser, "model") == sorted(column(browser, "model"))


def test_rows_without_a_rank_stay_last_whichever_way_ranks_are_sorted(browser: Any) -> None:
    for direction in (1, -1):
        head(browser, "rank").find_element("tag name", "button").click()
        ranks = column(browser, "rank")
        assert ranks[-1] == ""
        assert ranks[:-1] == sorted(
            ranks[:-1], key=lambda rank, sign=direction: sign * int(rank.split("-")[0])
        )


def test_words_and_choices_filter_and_the_count_is_said(browser: Any) -> None:
    from selenium.webdriver.support.select import Select

    form = browser.find_element("id", "filters")
    form.find_element("name", "words").send_keys("second")
    assert set(column(browser, "model")) == {"second"}
    assert form.find_element("tag name", "output").text == "2 of 6 rows"
    Select(form.find_element("css selector", "select[data-column=augmentation]")).select_by_value("none")
    assert column(browser, "augmentation") == ["none"]
    form.find_element("name", "words").send_keys(" nothing like this")
    assert column(browser, "model") == []


def test_a_keyboard_alone_skips_sorts_and_switches(browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    body = browser.find_element("tag name", "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the content"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "content"
    button = head(browser, "macro-f1").find_element("tag name", "button")
    for _ in range(40):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        if browser.switch_to.active_element == button:
            break
    assert browser.switch_to.active_element == button
    assert button.value_of_css_property("outline-style") == "solid"
    button.send_keys(Keys.SPACE)
    assert head(browser, "macro-f1").get_attribute("aria-sort") == "descending"


def test_the_theme_follows_the_system_until_it_is_chosen(browser: Any) -> None:
    def paper() -> str:
        return browser.find_element("tag name", "body").value_of_css_property("background-color")

    toggle = browser.find_element("id", "theme")
    assert (paper(), toggle.get_attribute("aria-pressed")) == ("rgba(255, 255, 255, 1)", "false")
    toggle.click()
    dark = paper()
    assert dark != "rgba(255, 255, 255, 1)"
    assert toggle.get_attribute("aria-pressed") == "true"
    toggle.click()
    assert paper() == "rgba(255, 255, 255, 1)"
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.refresh()
    assert paper() == dark


def test_the_reader_chooses_whose_confusion_is_shown(browser: Any) -> None:
    from selenium.webdriver.support.select import Select

    section = browser.find_element("id", "confusion")

    def shown() -> list[str]:
        return [
            table.find_element("tag name", "caption").text
            for table in section.find_elements("tag name", "table")
            if table.is_displayed()
        ]

    first = shown()
    assert len(first) == 1
    Select(section.find_element("tag name", "select")).select_by_index(3)
    assert len(shown()) == 1
    assert shown() != first


def test_a_phone_does_not_scroll_sideways(browser: Any, page: Path) -> None:
    resize(browser, 390)
    browser.get(page.as_uri())
    sizes = browser.execute_script(
        "return [document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]"
    )
    assert sizes == [390, 390, 390]


def test_the_page_is_whole_without_its_script(browser: Any, page: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page.as_uri())
        matrices = browser.find_elements("css selector", "#confusion table")
        assert len(matrices) == 6
        assert all(matrix.is_displayed() for matrix in matrices)
        assert not browser.find_element("id", "filters").is_displayed()
        assert not browser.find_element("id", "theme").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_every_table_names_itself_and_its_headers(browser: Any) -> None:
    tables = browser.find_elements("tag name", "table")
    assert len(tables) >= 8
    for table in tables:
        assert table.find_element("tag name", "caption").get_attribute("textContent").strip()
        heads = table.find_elements("tag name", "th")
        assert all(each.get_attribute("scope") in ("col", "row", "colgroup") for each in heads)
