"use strict";
// One item: what was shown and asked, what each model answered, and why that was scored as it was.

const LANGUAGES = { en: "English", zh: "Chinese" };
const SMALL = 150; // pixels: narrower images, such as the miniature's, are enlarged
const PLACES = ["First piece", "Second piece"];
const SEGMENTS = {
  question: "question",
  sink: "first token (sink)",
  other: "instructions and the rest",
  generated: "generated tokens",
};

const kindOf = (piece) => `${LANGUAGES[piece.language] || piece.language} ${piece.kind === "image" ? "page" : "passage"}`;

function pieceBlock(item, content, place, images) {
  const piece = content.pieces[place];
  const name = item.relation === "single" ? "The piece" : PLACES[place];
  const caption = make("figcaption", {}, make("b", {}, name), `: ${kindOf(piece)}, shows `, isolated(piece.value));
  const body =
    piece.kind === "image"
      ? picture(images[piece.image], `${name}: ${kindOf(piece)} that shows ${piece.value}`)
      : make("p", { class: "text", dir: "auto" }, piece.text);
  return make("figure", { class: place ? "piece second" : "piece" }, caption, body);
}

function picture(address, alt) {
  const shown = make("img", { src: address, alt });
  shown.addEventListener("load", () => shown.classList.toggle("small", shown.naturalWidth < SMALL));
  return shown;
}

function promptBlock(item, content, prompt, images) {
  const parts = prompt.parts.map((part) =>
    typeof part === "number"
      ? pieceBlock(item, content, part, images)
      : part.trim()
        ? make("p", { class: "text", dir: "auto" }, part.trim())
        : null,
  );
  const note = prompt.logged ? make("p", { class: "note" }, "As far as the harness kept it; images are placeholders.") : null;
  return make("div", { class: "prompt" }, ...parts, note);
}

/** The name of a segment; A and B are named by the piece that they are. */
function segmentName(item, content, attention, name) {
  if (!name.startsWith("evidence_")) return [SEGMENTS[name] || name, ""];
  const first = (name === "evidence_a") === (attention.first !== "b");
  if (item.relation === "single") return ["the piece", "first"];
  const piece = content.pieces[first ? 0 : 1];
  return [`${first ? "first" : "second"} piece${piece ? ` (${kindOf(piece)})` : ""}`, first ? "first" : "second"];
}

function attentionBlock(item, content, attention) {
  const rows = attention.segments.map(([name, tokens, share]) => {
    const [words, side] = segmentName(item, content, attention, name);
    const bar = make("i", {});
    bar.style.width = `${share}%`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, words),
      make("td", { class: "number" }, String(tokens)),
      make("td", { class: "number" }, `${share.toFixed(1)} %`),
      make("td", {}, make("span", { class: `meter ${side}` }, bar)),
    );
  });
  const head = make(
    "tr",
    {},
    ...["segment", "tokens", "share"].map((title, column) => make("th", { scope: "col", class: column ? "number" : "" }, title)),
    make("th", { scope: "col" }, ""),
  );
  const note =
    "Shares are relative, from the last prompt token: geometric means over heads, scaled to 100 % by layer, averaged over layers.";
  const ratio = attention.log_density_ratio;
  const mean = ratio === null ? "" : `Mean log_density_ratio ${written(ratio, 2)} nats. `;
  return make(
    "details",
    { open: true },
    make("summary", {}, "Attention by segment"),
    make("table", { class: "segments" }, make("thead", {}, head), make("tbody", {}, ...rows)),
    make("p", { class: "note" }, mean + note),
  );
}

function answerBlock(index, item, content, place, prompt) {
  const answer = content.answers[place],
    entry = index.entries[place],
    outcome = item.outcomes[place];
  const reason = index.reasons[prompt.form][item.relation]?.[outcome] || "";
  const cut = answer.cut
    ? make(
        "p",
        { class: "note" },
        `Cut here: ${answer.cut.map((length) => length.toLocaleString("en")).join(" of ")} characters are shown.`,
      )
    : null;
  const facts = make(
    "dl",
    {},
    make("dt", {}, "read as"),
    make("dd", {}, isolated(answer.read || "nothing")),
    make("dt", {}, "right answer"),
    make("dd", {}, isolated(prompt.target || "–")),
    make("dt", {}, "pieces"),
    make("dd", {}, { conflict: "contradict each other", agree: "agree", single: "one alone" }[item.relation] || item.relation),
  );
  return make(
    "div",
    { class: "answer" },
    make("h5", {}, isolated(entry.name), make("small", {}, isolated(` · ${entry.protocol}`))),
    make("p", { class: "text", dir: "auto" }, answer.text || "(nothing)"),
    cut,
    make("p", { class: "why" }, badge(item.relation, outcome, outcome), ` ${reason}`),
    facts,
    answer.attention ? attentionBlock(item, content, answer.attention) : make("p", { class: "note" }, "No log of its attention."),
  );
}

/** Prompts of an item with the answers to each; several protocols stand below each other, the first one open. */
function promptsOf(index, item, content, images) {
  return content.prompts.map((prompt, number) => {
    const names = [...new Set(prompt.entries.map((place) => index.entries[place].protocol))].join(", ");
    const asked = make(
      "details",
      { open: number === 0 },
      make("summary", {}, "What the models were shown, protocol ", isolated(names)),
      promptBlock(item, content, prompt, images),
    );
    const answers = prompt.entries.map((place) => answerBlock(index, item, content, place, prompt));
    return make(
      "div",
      { class: "asked" },
      asked,
      make("h4", {}, "What they answered"),
      make("div", { class: "answers" }, ...answers),
    );
  });
}

let shownItem = 0;

async function showItem(index, item, list) {
  const request = ++shownItem;
  const content = await group(item.group);
  if (request !== shownItem) return;
  const shown = content.items[item.number];
  const back = make("button", { type: "button", id: "back" }, "‹ All items");
  back.addEventListener("click", () => {
    document.querySelector(".browser").classList.remove("open");
    byId("items").querySelector('[aria-current="true"]')?.focus();
  });
  const stepper = (label, step) => {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", () => list.step(step));
    return button;
  };
  const chip = (text) => make("span", { class: "chip" }, isolated(text));
  const heading = make("h3", { tabIndex: -1, dir: "auto" }, item.question || item.id);
  byId("item").replaceChildren(
    make("div", { class: "steps" }, back, stepper("‹ Previous item", -1), stepper("Next item ›", 1)),
    heading,
    make(
      "div",
      { class: "chips" },
      chip(item.arm),
      chip(item.relation),
      chip(`${item.world} / ${item.type}`),
      chip(`item ${item.id}`),
      chip(`fact ${item.factId}`),
    ),
    ...promptsOf(index, item, shown, content.images),
  );
  document.querySelector(".browser").classList.add("open");
  heading.focus({ preventScroll: true });
  byId("item").scrollIntoView({ block: narrow() ? "start" : "nearest" });
  history.replaceState(null, "", `#item=${item.id}`);
}
