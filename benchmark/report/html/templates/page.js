"use strict";
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  function compare(column, isNumber, descending) {
    const sign = descending ? -1 : 1;
    return (one, other) => {
      const a = one.cells[column].dataset.value, b = other.cells[column].dataset.value;
      // What has no value stays at the end, whichever way the rest is sorted.
      if (a === "" || b === "") return (a === "") - (b === "");
      return sign * (isNumber ? Number(a) - Number(b) : collator.compare(a, b));
    };
  }

  function makeSortable(table) {
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const isNumber = head.classList.contains("number");
        const before = head.getAttribute("aria-sort");
        // Numbers start with the highest, but for ranks.
        const first = isNumber && head.textContent.trim() !== "rank" ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const order = before === first ? other : first;
        heads.forEach((each) => each.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", order);
        body.append(...Array.from(body.rows).sort(compare(column, isNumber, order === "descending")));
      });
    });
  }

  function makeFilter(form, table) {
    const heads = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells, (head) => head.textContent.trim());
    const rows = Array.from(table.tBodies[0].rows);
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const count = form.querySelector("output");
    function apply() {
      const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = all("select", form).filter((choice) => choice.value !== "");
      let shown = 0;
      for (const row of rows) {
        const fits = words.every((word) => texts.get(row).includes(word)) && wanted.every(
          (choice) => row.cells[heads.indexOf(choice.dataset.column)].dataset.value === choice.value);
        row.hidden = !fits;
        shown += fits;
      }
      count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
    }
    form.addEventListener("input", apply);
    form.addEventListener("change", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    apply();
  }

  function makeChooser(chooser) {
    const select = chooser.querySelector("select");
    const panels = all(".choosable", chooser);
    const show = () => panels.forEach((panel) => { panel.hidden = panel.dataset.name !== select.value; });
    select.addEventListener("change", show);
    chooser.querySelector(".choice").hidden = panels.length < 2;
    show();
  }

  function makeTheme(button) {
    const root = document.documentElement;
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const show = () => button.setAttribute("aria-pressed", String(dark()));
    button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; show(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    button.hidden = false;
    show();
  }

  all("table.sortable").forEach(makeSortable);
  const form = document.getElementById("filters");
  if (form) makeFilter(form, document.getElementById("leaderboard-table"));
  all(".chooser").forEach(makeChooser);
  makeTheme(document.getElementById("theme"));
})();
