"use strict";
// Scores with pieces of one kind and of two, and their difference, with intervals.

function points(rows, key, axes, look) {
  const kept = rows.map((row, place) => ({ ...row[key], name: row.name, place })).filter((estimate) => estimate.value !== null);
  const ends = { type: "data", symmetric: false, thickness: 2, width: 5, color: look.marker.color };
  return {
    type: "scatter",
    mode: "markers",
    ...axes,
    ...look,
    x: kept.map((estimate) => estimate.value),
    y: kept.map((estimate) => estimate.place + look.shift),
    error_x: {
      ...ends,
      array: kept.map((estimate) => (estimate.high ?? estimate.value) - estimate.value),
      arrayminus: kept.map((estimate) => estimate.value - (estimate.low ?? estimate.value)),
    },
    text: kept.map((estimate) => `<b>${named(estimate.name, 60)}</b><br>${inert(look.name)}: ${withEnds(estimate)}`),
    hovertemplate: "%{text}<extra></extra>",
  };
}

async function drawGap(board) {
  const place = byId("gap-plot");
  if (!board)
    return void place.replaceChildren(
      make("p", { class: "empty" }, "No gap: no model was evaluated on arms with pieces of different kinds."),
    );
  const { rows, same, across } = board;
  const small = narrow();
  const names = rows.map((row) => named(row.name, small ? 16 : 34) + (row.ranked ? "" : " *"));
  const scores = { xaxis: "x", yaxis: "y" },
    gap = { xaxis: "x2", yaxis: "y2" };
  const traces = [
    points(rows, "same_balanced", scores, {
      name: same,
      shift: -0.14,
      marker: { color: colour("second"), size: 10, symbol: "circle" },
    }),
    points(rows, "across_balanced", scores, {
      name: across,
      shift: 0.14,
      marker: { color: colour("first"), size: 10, symbol: "diamond" },
    }),
    points(rows, "gap", gap, {
      name: "gap",
      shift: 0,
      showlegend: false,
      marker: { color: colour("ink"), size: 8, symbol: "square" },
    }),
  ];
  const reach =
    1.08 * Math.max(0.1, ...rows.flatMap(({ gap: estimate }) => [estimate.value, estimate.low, estimate.high].map((end) => Math.abs(end ?? 0))));
  const models = {
    tickvals: rows.map((_, number) => number),
    ticktext: names,
    range: [rows.length - 0.4, -0.6],
    zeroline: false,
  };
  const each = 60 + 42 * rows.length,
    between = 96,
    frame = 96;
  const high = frame + (small ? 2 * each + between : each);
  const part = each / (high - frame);
  const [upper, lower] = small
    ? [
        [1 - part, 1],
        [0, part],
      ]
    : [
        [0, 1],
        [0, 1],
      ];
  const extra = {
    height: high,
    margin: { l: 10, r: 14, t: 46, b: 50 },
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", xanchor: "left" },
    xaxis: {
      title: { text: "balanced", standoff: 8 },
      range: [-0.03, 1.05],
      domain: small ? [0, 1] : [0, 0.56],
      anchor: "y",
      zeroline: false,
      tickformat: ".1f",
      dtick: small ? 0.25 : 0.1,
      ...(small ? { tickformat: ".2f" } : {}),
    },
    yaxis: { ...models, domain: upper, anchor: "x" },
    xaxis2: {
      title: { text: small ? "gap" : `gap: ${same} − ${across}`, standoff: 8 },
      range: [-reach, reach],
      domain: small ? [0, 1] : [0.6, 1],
      anchor: "y2",
      zerolinewidth: 2,
      nticks: small ? 4 : 7,
      tickangle: 0,
    },
    yaxis2: { ...models, domain: lower, anchor: "x2", showticklabels: small },
  };
  await draw(
    place,
    traces,
    extra,
    `Balanced score ${same} and ${across}, and their difference, of ${rows.length} models with 95 % intervals`,
  );
  const notes = [];
  if (rows.some((row) => !row.ranked)) notes.push("* Items or arms are missing: not ranked.");
  if (rows.every((row) => row.gap.value === null)) notes.push(`No gap is shown: it needs every arm, ${same} and ${across}.`);
  below(
    place,
    notes,
    ["model", `balanced, ${same}`, `balanced, ${across}`, "gap"],
    rows.map((row) => [row.name, withEnds(row.same_balanced), withEnds(row.across_balanced), withEnds(row.gap)]),
  );
}
