"use strict";
// The list of items: filters, pages, keys.

const PAGE = 25;
const DOTS = 10; // outcomes that a row shows
const NEUTRAL = new Set(["abstain", "failed", "unparsed"]);
const ANY = "";

const isRight = (relation, outcome) => outcome === (relation === "conflict" ? "conflict" : "correct");
const tone = (relation, outcome) => (isRight(relation, outcome) ? "right" : NEUTRAL.has(outcome) ? "none" : "wrong");
const mark = { right: "✓", wrong: "✗", none: "·" };

function badge(relation, outcome, words) {
  const kind = tone(relation, outcome);
  return make("span", { class: `badge ${kind}`, title: outcome }, `${mark[kind]} ${words}`);
}

/** Rows of the index as objects. */
function itemsOf(index) {
  return index.items.map(([id, arm, relation, fact, group, codes], number) => {
    const [question, world, type, factId] = index.facts[fact];
    const outcomes = Array.from(codes, (code) => (code === "." ? null : index.outcomes[Number(code)]));
    return { number, id, arm, relation, question, world, type, factId, group, outcomes };
  });
}

/** For searching in answers: everything is unpacked once, when the first search asks for it. */
const answersOf = remembered(async (number) => {
  const content = await group(number);
  return new Map(
    Object.entries(content.items).map(([item, shown]) => [
      Number(item),
      Object.values(shown.answers)
        .map((answer) => answer.text)
        .join("\n")
        .toLowerCase(),
    ]),
  );
});

async function searched(items, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return items;
  const groups = [...new Set(items.map((item) => item.group))];
  const answers = new Map((await Promise.all(groups.map(answersOf))).flatMap((map) => [...map]));
  return items.filter(
    (item) =>
      `${item.question}\n${item.id}\n${item.factId}\n${item.type}`.toLowerCase().includes(wanted) ||
      answers.get(item.number).includes(wanted),
  );
}

function matching(items, filters) {
  const { arm, relation, world, model, outcome, difference } = filters;
  return items.filter((item) => {
    const outcomes = model === ANY ? item.outcomes : [item.outcomes[Number(model)]];
    if (arm !== ANY && item.arm !== arm) return false;
    if (relation !== ANY && item.relation !== relation) return false;
    if (world !== ANY && item.world !== world) return false;
    if (outcome === "right" || outcome === "wrong") {
      if (!outcomes.some((given) => given !== null && isRight(item.relation, given) === (outcome === "right"))) return false;
    } else if (outcome !== ANY ? !outcomes.includes(outcome) : model !== ANY && outcomes[0] === null) return false;
    return !difference || new Set(item.outcomes.filter((given) => given !== null)).size > 1;
  });
}

class ItemList {
  constructor(index, open) {
    this.index = index;
    this.items = itemsOf(index);
    this.matches = this.items;
    this.page = 0;
    this.current = null;
    this.open = open;
    this.searches = 0;
    this.fillFilters();
    const form = byId("filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => this.filter());
    form.addEventListener("reset", () => setTimeout(() => this.filter()));
    let pause;
    byId("by-text").addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => this.filter(), 200);
    });
    byId("earlier").addEventListener("click", () => this.turn(-1));
    byId("later").addEventListener("click", () => this.turn(1));
    byId("items").addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  fillFilters() {
    const unique = (name) => [...new Set(this.items.map((item) => item[name]))].map((value) => [value, value]);
    const any = (label, pairs) => [[ANY, label], ...pairs];
    fill(byId("by-arm"), any("every arm", unique("arm")));
    fill(byId("by-relation"), any("all", unique("relation")));
    fill(byId("by-world"), any("every world", unique("world")));
    fill(
      byId("by-model"),
      any(
        "any model",
        this.index.entries.map((entry, place) => [place, `${short(entry.name, 48)} · ${entry.protocol}`]),
      ),
    );
    const outcomes = this.index.outcomes.filter((outcome) => this.items.some((item) => item.outcomes.includes(outcome)));
    fill(
      byId("by-outcome"),
      any("every outcome", [["right", "right"], ["wrong", "not right"], ...outcomes.map((outcome) => [outcome, outcome])]),
    );
  }

  async filter() {
    const search = ++this.searches;
    const value = (name) => byId(`by-${name}`).value;
    const filters = {
      arm: value("arm"),
      relation: value("relation"),
      world: value("world"),
      model: value("model"),
      outcome: value("outcome"),
      difference: byId("by-difference").checked,
    };
    const matches = await searched(matching(this.items, filters), value("text"));
    if (search !== this.searches) return;
    this.matches = matches;
    this.page = 0;
    this.show();
  }

  turn(step) {
    this.page += step;
    this.show();
    byId("items").querySelector("button")?.focus();
  }

  show() {
    const pages = Math.max(1, Math.ceil(this.matches.length / PAGE));
    const shown = this.matches.slice(this.page * PAGE, (this.page + 1) * PAGE);
    byId("items").replaceChildren(...shown.map((item) => make("li", {}, this.row(item))));
    byId("items").scrollTop = 0;
    byId("items").hidden = !shown.length;
    byId("count").textContent = this.items.length
      ? `${this.matches.length.toLocaleString("en")} of ${this.items.length.toLocaleString("en")} items`
      : "No items in this page.";
    byId("pages").textContent = `page ${this.page + 1} of ${pages}`;
    byId("earlier").disabled = this.page === 0;
    byId("later").disabled = this.page + 1 >= pages;
  }

  row(item) {
    const dots = item.outcomes.slice(0, DOTS).map((outcome, place) => {
      if (outcome === null) return null;
      const kind = tone(item.relation, outcome);
      return make("span", { class: `badge ${kind}`, title: `${this.index.entries[place].name}: ${outcome}` }, mark[kind]);
    });
    const button = make(
      "button",
      { type: "button" },
      isolated(item.question || item.id),
      make("span", { class: "about" }, isolated(`${item.arm} · ${item.relation} · ${item.world}`)),
      make("span", { class: "dots" }, ...dots, item.outcomes.length > DOTS ? `+ ${item.outcomes.length - DOTS}` : null),
    );
    button.dataset.item = String(item.number);
    button.setAttribute("aria-current", String(item.number === this.current));
    button.addEventListener("click", () => this.choose(item.number));
    return button;
  }

  choose(number) {
    this.current = number;
    for (const button of byId("items").querySelectorAll("button"))
      button.setAttribute("aria-current", String(Number(button.dataset.item) === number));
    return this.open(this.items[number]);
  }

  /** The next item among the matches; turns the page where needed. */
  step(step) {
    const place = this.matches.findIndex((item) => item.number === this.current) + step;
    if (place < 0 || place >= this.matches.length) return;
    this.page = Math.floor(place / PAGE);
    this.show();
    this.choose(this.matches[place].number);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...byId("items").querySelectorAll("button")];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}
