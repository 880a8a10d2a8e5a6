"use strict";
// The three plots. Plotly is unpacked and started when the first of them comes near the window.

const SEQUENTIAL = "Cividis";
const DIVERGING = {
  light: [[0, "#08519c"], [0.25, "#6baed6"], [0.5, "#f7f7f7"], [0.75, "#f4a261"], [1, "#a63603"]],
  dark: [[0, "#9ecbff"], [0.25, "#3a7ab8"], [0.5, "#161c23"], [0.75, "#c2662d"], [1, "#ffc38f"]],
};
const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d", "pan2d", "zoom2d"],
};

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
  const made = { font, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hoverlabel: hover, dragmode: false, ...extra };
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
    if (details.open && !details.querySelector("table")) details.append(make("div", { class: "scroll", tabIndex: 0 }, table(header, rows)));
  });
  place.append(details);
}

function table(header, rows) {
  const head = make("tr", {}, ...header.map((title) => make("th", { scope: "col" }, isolated(title))));
  const body = rows.map((row) => make("tr", {}, ...row.map((cell, column) => (column ? make("td", {}, cell) : make("th", { scope: "row", class: "model" }, isolated(cell))))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

const written = (value, digits = 3) => (value === null ? "–" : value.toFixed(digits).replace("-", "−"));
const withEnds = (one) => (one.low === null ? written(one.value) : `${written(one.value)} [${written(one.low)}, ${written(one.high)}]`);

// The gap

function points(rows, key, axes, look) {
  const kept = rows.map((row, place) => ({ ...row[key], name: row.name, place })).filter((one) => one.value !== null);
  const ends = { type: "data", symmetric: false, thickness: 2, width: 5, color: look.marker.color };
  return {
    type: "scatter", mode: "markers", ...axes, ...look,
    x: kept.map((one) => one.value), y: kept.map((one) => one.place + look.shift),
    error_x: { ...ends, array: kept.map((one) => (one.high ?? one.value) - one.value), arrayminus: kept.map((one) => one.value - (one.low ?? one.value)) },
    text: kept.map((one) => `<b>${named(one.name, 60)}</b><br>${inert(look.name)}: ${withEnds(one)}`),
    hovertemplate: "%{text}<extra></extra>",
  };
}

async function drawGap(board) {
  const place = byId("gap-plot");
  if (!board) return void place.replaceChildren(make("p", { class: "empty" }, "No gap: no model was evaluated on arms with pieces of different kinds."));
  const { rows, same, across } = board;
  const small = narrow();
  const names = rows.map((row) => named(row.name, small ? 16 : 34) + (row.ranked ? "" : " *"));
  const scores = { xaxis: "x", yaxis: "y" }, gap = { xaxis: "x2", yaxis: "y2" };
  const traces = [
    points(rows, "same_balanced", scores, { name: same, shift: -0.14, marker: { color: colour("second"), size: 10, symbol: "circle" } }),
    points(rows, "across_balanced", scores, { name: across, shift: 0.14, marker: { color: colour("first"), size: 10, symbol: "diamond" } }),
    points(rows, "gap", gap, { name: "gap", shift: 0, showlegend: false, marker: { color: colour("ink"), size: 10, symbol: "square" } }),
  ];
  const reach = 1.08 * Math.max(0.1, ...rows.flatMap(({ gap: one }) => [one.value, one.low, one.high].map((end) => Math.abs(end ?? 0))));
  const models = { tickvals: rows.map((_, number) => number), ticktext: names, range: [rows.length - 0.4, -0.6], zeroline: false };
  const each = Math.max(130, 60 + 42 * rows.length);
  const high = small ? 2 * each + 170 : each + 110;
  const upper = small ? [1 - each / (high - 90), 1] : [0, 1], lower = small ? [0, each / (high - 90) - 0.12] : [0, 1];
  const extra = {
    height: high, margin: { l: 10, r: 14, t: 46, b: 50 }, legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", xanchor: "left" },
    xaxis: { title: { text: "balanced" }, range: [-0.02, 1.02], domain: small ? [0, 1] : [0, 0.56], anchor: "y", zeroline: false, tickformat: ".1f", dtick: small ? 0.25 : 0.1, ...(small ? { tickformat: ".2f" } : {}) },
    yaxis: { ...models, domain: upper, anchor: "x" },
    xaxis2: { title: { text: `gap: ${same} − ${across}` }, range: [-reach, reach], domain: small ? [0, 1] : [0.6, 1], anchor: "y2", zerolinewidth: 2, nticks: small ? 5 : 7 },
    yaxis2: { ...models, domain: lower, anchor: "x2", showticklabels: small },
  };
  await draw(place, traces, extra, `Balanced score ${same} and ${across}, and their difference, of ${rows.length} models with 95 % intervals`);
  const notes = [];
  if (rows.some((row) => !row.ranked)) notes.push("* Items or arms are missing: not ranked.");
  if (rows.every((row) => row.gap.value === null)) notes.push(`No gap is shown: it needs every arm, ${same} and ${across}.`);
  below(place, notes, ["model", `balanced, ${same}`, `balanced, ${across}`, "gap"], rows.map((row) => [row.name, withEnds(row.same_balanced), withEnds(row.across_balanced), withEnds(row.gap)]));
}

// Prompts

function measured(grid, measure) {
  if (measure !== "balanced") return grid[measure];
  return grid.recognition.map((row, y) => row.map((value, x) => (value === null || grid.false_alarm[y][x] === null ? null : (value + 1 - grid.false_alarm[y][x]) / 2)));
}

async function drawPrompts(grid, measure) {
  const place = byId("prompts-plot");
  if (!grid) return void place.replaceChildren(make("p", { class: "empty" }, "No arm with two pieces was evaluated."));
  const values = measured(grid, measure);
  const small = narrow();
  const label = byId("prompts-measure").selectedOptions[0].textContent;
  const arms = grid.arms.map((arm) => arm.replace("_", small ? "<br>" : " + "));
  const trace = {
    type: "heatmap", z: values, x: arms, y: grid.protocols.map((name) => named(name, 24)), zmin: 0, zmax: 1, colorscale: SEQUENTIAL, xgap: 2, ygap: 2, hoverongaps: false,
    text: values.map((row) => row.map((value) => (value === null ? "" : value.toFixed(2)))), texttemplate: small && arms.length > 6 ? "" : "%{text}",
    customdata: grid.items, hovertemplate: `%{y}, %{x}<br>${label} %{z:.3f}<br>%{customdata} pairs<extra></extra>`,
    colorbar: small ? { orientation: "h", thickness: 10, y: -0.02, yanchor: "top", len: 1, title: { text: label, side: "top" }, ypad: 40 } : { title: { text: label, side: "right" }, thickness: 14 },
  };
  const extra = {
    height: (small ? 210 : 140) + 36 * grid.protocols.length, margin: { l: 10, r: 10, t: 62, b: small ? 100 : 20 }, plot_bgcolor: colour("hole"),
    xaxis: { side: "top", type: "category", showgrid: false, tickangle: 0, tickfont: { size: small ? 10 : 12 }, ...(arms.length > 8 ? { tickangle: -35 } : {}) },
    yaxis: { autorange: "reversed", type: "category", showgrid: false, title: { text: small ? "" : "protocol" } },
  };
  await draw(place, [trace], extra, `${label} of ${grid.model} by arm and protocol`);
  const notes = ["Grey: not evaluated."];
  if (grid.protocols.length === 1) notes.unshift(`Only one protocol was run (${grid.protocols[0]}), so nothing can be said about the wording. Others are tasks such as cmqa_crossmodal__neutral; every one: cmqa_prompts.`);
  below(place, notes, ["protocol", ...grid.arms], grid.protocols.map((name, y) => [name, ...values[y].map((value) => written(value))]));
}

// Attention

/** The end of a scale that leaves out the outermost hundredth, so that one head does not pale all others. */
function reachOf(panels) {
  const sizes = panels.flatMap((panel) => panel.values.flat()).filter((value) => value !== null).map(Math.abs).sort((a, b) => a - b);
  return sizes.length ? sizes[Math.ceil(0.99 * sizes.length) - 1] || 1 : 1;
}

function panelTrace(panel, number) {
  const suffix = number ? String(number + 1) : "";
  return {
    type: "heatmap", z: panel.values, xaxis: `x${suffix}`, yaxis: `y${suffix}`, coloraxis: "coloraxis", hoverongaps: false,
    y: panel.layers.map(String), x: Array.from({ length: panel.heads }, (_, head) => head),
    hovertemplate: `${inert(panel.label)}<br>layer %{y}, head %{x}<br>D = %{z:.3f} nats<extra></extra>`,
  };
}

async function drawAttention(map) {
  const place = byId("attention-plot");
  if (!map || !map.panels.length) {
    const command = "lmms-eval --model cmqa_hf --model_args …,attention=on";
    return void place.replaceChildren(make("p", { class: "empty" }, map ? "This model logged no attention: it is missing, not 0. " : "No model logged attention. ", `Logged with ${command}`));
  }
  const { panels } = map;
  const small = narrow();
  const columns = small ? 1 : Math.min(panels.length, 4);
  const rows = Math.ceil(panels.length / columns);
  const depth = Math.max(...panels.map((panel) => panel.layers.length));
  const each = Math.min(420, Math.max(small ? 130 : 170, 12 * depth + 40));
  const extra = { height: rows * (each + 92) + 60, margin: { l: 10, r: 10, t: 50, b: small ? 84 : 46 }, annotations: [], plot_bgcolor: colour("hole") };
  const inner = extra.height - extra.margin.t - extra.margin.b, gapX = small ? 0 : 0.05, gapY = 92 / inner;
  const [wide, high] = [(1 - gapX * (columns - 1)) / columns, (1 - gapY * (rows - 1)) / rows];
  panels.forEach((panel, number) => {
    const suffix = number ? String(number + 1) : "", x = (number % columns) * (wide + gapX), y = 1 - Math.floor(number / columns) * (high + gapY);
    const step = Math.ceil(panel.layers.length / 8);
    extra[`xaxis${suffix}`] = { domain: [x, x + wide], anchor: `y${suffix}`, title: { text: "head", standoff: 4 }, showgrid: false, zeroline: false, ...(panel.heads > 12 ? { nticks: 8 } : { dtick: 1 }) };
    extra[`yaxis${suffix}`] = { domain: [Math.max(0, y - high), y], anchor: `x${suffix}`, type: "category", showgrid: false, title: { text: number % columns ? "" : "layer", standoff: 4 }, tickvals: panel.layers.filter((_, layer) => layer % step === 0).map(String) };
    extra.annotations.push({ text: `<b>${inert(panel.label)}</b><br><span style="font-size:11px">${inert(panel.who)}</span>`, x: x + wide / 2, y, xref: "paper", yref: "paper", xanchor: "center", yanchor: "bottom", showarrow: false, align: "center" });
  });
  const reach = reachOf(panels);
  const bar = { title: { text: "D (nats)", side: small ? "top" : "right" }, thickness: 14, ...(small ? { orientation: "h", y: 0, yanchor: "top", ypad: 46, thickness: 10 } : {}) };
  extra.coloraxis = { cmin: -reach, cmax: reach, colorscale: dark() ? DIVERGING.dark : DIVERGING.light, colorbar: bar };
  byId("attention-plot").querySelector(".figure")?.remove();
  await draw(place, panels.map(panelTrace), extra, `Log density ratio D of ${map.model} by layer and head, ${panels.length} panels`);
  const mean = (values) => { const known = values.filter((value) => value !== null); return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null; };
  const lines = panels.flatMap((panel) => panel.layers.map((layer, place) => [`${panel.label}, layer ${layer}`, written(mean(panel.values[place])), ...panel.values[place].map((value) => written(value))]));
  const heads = Math.max(...panels.map((panel) => panel.heads));
  below(place, ["Layers count from the input. The scale ends at the 99th percentile; the values on hover are exact."], ["arm, layer", "mean", ...Array.from({ length: heads }, (_, head) => `head ${head}`)], lines);
}

function startPlots(index) {
  const boards = new Map(index.boards.map((board) => [board.key, board]));
  const models = index.entries.length;
  fill(byId("prompts-model"), index.ablation.map((grid, place) => [place, `${short(grid.model, 60)} · ${grid.release}`]));
  const about = (map) => `${short(map.model, 60)} · ${map.protocol}${map.panels.length ? "" : " (not logged)"}`;
  const logged = index.maps.map((map, place) => [map, place]).sort(([a], [b]) => Number(!a.panels.length) - Number(!b.panels.length));
  fill(byId("attention-model"), logged.map(([map, place]) => [place, about(map)]));
  if (!index.maps.some((map) => map.panels.length)) byId("attention-model").parentElement.hidden = true;
  const none = models && index.maps.every((map) => !map.panels.length);
  const tasks = {
    gap: () => drawGap(boards.get(byId("board")?.value)),
    prompts: () => drawPrompts(index.ablation[Number(byId("prompts-model").value)], byId("prompts-measure").value),
    attention: () => drawAttention(none ? null : index.maps[Number(byId("attention-model").value)]),
  };
  const seen = new Set();
  const again = (name) => { if (seen.has(name)) tasks[name](); };
  const watch = new IntersectionObserver((changes) => {
    for (const { isIntersecting, target } of changes) {
      if (!isIntersecting || seen.has(target.id)) continue;
      seen.add(target.id);
      tasks[target.id]();
    }
  }, { rootMargin: "600px" });
  for (const name of Object.keys(tasks)) watch.observe(byId(name));
  for (const [id, name] of [["prompts-model", "prompts"], ["prompts-measure", "prompts"], ["attention-model", "attention"]]) byId(id).addEventListener("change", () => again(name));
  let wasNarrow = narrow();
  window.addEventListener("resize", () => {
    if (narrow() === wasNarrow) return;
    wasNarrow = narrow();
    Object.keys(tasks).forEach(again);
  });
  return { gap: () => again("gap"), all: () => Object.keys(tasks).forEach(again) };
}
