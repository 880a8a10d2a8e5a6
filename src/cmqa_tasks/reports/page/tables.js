"use strict";
// The leaderboard: which board is shown, and in which order.

/** The number that a cell begins with; null for a dash. Minus signs are true ones. */
function cellNumber(text) {
  const number = /^[+−]?[\d.,]+/.exec(text.trim());
  return number ? Number(number[0].replace("−", "-").replaceAll(",", "")) : null;
}

/** Whether a comes before b; what has no number is last in either direction. */
function compareCells(a, b, sign, words) {
  const [left, right] = words ? [null, null] : [cellNumber(a), cellNumber(b)];
  if (left !== null && right !== null) return sign * (left - right);
  const [missing, other] = [a.trim() === "–", b.trim() === "–"];
  if (missing || other) return Number(missing) - Number(other);
  return sign * a.localeCompare(b, "en", { numeric: true });
}

function sortBy(table, column, head) {
  const [before, words] = [head.getAttribute("aria-sort"), head.classList.contains("words")];
  const ascending = before === null ? words : before === "descending";
  const sign = ascending ? 1 : -1;
  const text = (row) => row.cells[column].firstElementChild.textContent;
  const rows = [...table.tBodies[0].rows].sort((a, b) => compareCells(text(a), text(b), sign, words));
  table.tBodies[0].append(...rows);
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
}

function startTables(shown) {
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.firstElementChild.addEventListener("click", () => sortBy(table, column, head));
    });
  }
  const select = byId("board");
  if (!select) return;
  const show = () => {
    for (const board of document.querySelectorAll(".board")) board.hidden = board.dataset.board !== select.value;
    shown(select.value);
  };
  if (select.options.length === 1) select.parentElement.hidden = true;
  select.addEventListener("change", show);
  show();
}
