"use strict";
// What every plot shares. Plotly is unpacked and started when the first plot comes near the window.

/** One button, which saves the plot: Plotly's own set has one that sends it to a server. */
const CONFIG = { displaylogo: false, responsive: true, modeBarButtons: [["toImage"]] };

/** The policy of the page names Plotly by its hash: no other script that is added here would run. */
const plotly = remembered(async () => {
  document.head.append(make("script", { textContent: await unpacked("plotly") }));
  return window.Plotly;
});

/** Plotly reads a few tags in its texts; a model's name has none. */
const inert = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const named = (text, length) => inert(short(text, length));

function layout(extra) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("soft"), linecolor: colour("line"), automargin: true };
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("ink") };
  const hover = { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") }, align: "left" };
  const made = {
    font,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: hover,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("ink") },
    dragmode: false,
    ...extra,
  };
  for (const name of Object.keys(made)) if (/^[xy]axis/.test(name)) made[name] = { ...axis, fixedrange: true, ...made[name] };
  return made;
}

async function draw(place, traces, extra, label) {
  const Plotly = await plotly();
  let figure = place.querySelector(".figure");
  if (!figure) {
    figure = make("div", { class: "figure" });
    place.replaceChildren(figure);
  }
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", label);
  figure.style.height = `${extra.height}px`;
  await Plotly.react(figure, traces, layout(extra), CONFIG);
}

/** What stands below a figure: notes, and its numbers for those who read tables. */
function below(place, notes, header, rows) {
  place.querySelectorAll(".note, details").forEach((old) => old.remove());
  place.append(...notes.map((note) => make("p", { class: "note" }, note)));
  const details = make("details", {}, make("summary", {}, "The numbers as a table"));
  details.addEventListener("toggle", () => {
    if (details.open && !details.querySelector("table"))
      details.append(make("div", { class: "scroll", tabIndex: 0 }, table(header, rows)));
  });
  place.append(details);
}

function table(header, rows) {
  const head = make("tr", {}, ...header.map((title) => make("th", { scope: "col" }, isolated(title))));
  const body = rows.map((row) =>
    make(
      "tr",
      {},
      ...row.map((cell, column) =>
        column ? make("td", {}, cell) : make("th", { scope: "row", class: "model" }, isolated(cell)),
      ),
    ),
  );
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

const written = (value, digits = 3) => (value === null ? "–" : value.toFixed(digits).replace("-", "−"));
const withEnds = (estimate) =>
  estimate.low === null
    ? written(estimate.value)
    : `${written(estimate.value)} [${written(estimate.low)}, ${written(estimate.high)}]`;
