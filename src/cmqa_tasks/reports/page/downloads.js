"use strict";
// Files that the page hands out: the boards as `cmqa leaderboard` writes them, and the items that match the filters.

function offer(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A cell of a spreadsheet that no spreadsheet takes for a formula. */
function csvCell(value) {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function itemRecords(index, items) {
  const models = index.entries.map((entry) => `${entry.name} · ${entry.protocol}`);
  return items.map((item) => ({
    item: item.id,
    fact: item.factId,
    arm: item.arm,
    relation: item.relation,
    world: item.world,
    type: item.type,
    question: item.question,
    outcomes: models.map((model, number) => ({ model, outcome: item.outcomes[number] })),
  }));
}

function itemsAsCsv(index, items) {
  const header = ["item", "fact", "arm", "relation", "world", "type", "question"];
  const models = index.entries.map((entry) => `${entry.name} · ${entry.protocol}`);
  const rows = itemRecords(index, items).map((record) => [
    ...header.map((name) => record[name]),
    ...record.outcomes.map(({ outcome }) => outcome),
  ]);
  return `${[[...header, ...models], ...rows].map((row) => row.map(csvCell).join(",")).join("\n")}\n`;
}

function startDownloads(index, list) {
  for (const form of ["csv", "json"]) {
    const type = form === "csv" ? "text/csv" : "application/json";
    byId(`board-${form}`)?.addEventListener("click", async () => {
      offer(`leaderboard.${form}`, type, JSON.parse(await unpacked("boards"))[form]);
    });
    byId(`items-${form}`).addEventListener("click", () => {
      const text = form === "csv" ? itemsAsCsv(index, list.matches) : JSON.stringify(itemRecords(index, list.matches), null, 1);
      offer(`items.${form}`, type, text);
    });
  }
}
