"use strict";
// Arms by protocols: how much hangs on the wording.

const SEQUENTIAL = "Cividis";

function measured(grid, measure) {
  if (measure !== "balanced") return grid[measure];
  return grid.recognition.map((row, y) =>
    row.map((value, x) => (value === null || grid.false_alarm[y][x] === null ? null : (value + 1 - grid.false_alarm[y][x]) / 2)),
  );
}

const turned = (rows) => rows[0].map((_, x) => rows.map((row) => row[x]));

async function drawPrompts(grid, measure) {
  const place = byId("prompts-plot");
  if (!grid) return void place.replaceChildren(make("p", { class: "empty" }, "No arm with two pieces was evaluated."));
  const values = measured(grid, measure);
  const small = narrow(); // arms downwards, where there is no room for their names side by side
  const label = byId("prompts-measure").selectedOptions[0].textContent;
  const protocols = grid.protocols.map((name) => named(name, small ? 16 : 24));
  const arms = grid.arms.map((arm) => named(arm.replace("_", " + "), 40).replace(" + ", small ? " + " : "<br>+ "));
  const [across, down, z, items] = small
    ? [protocols, arms, turned(values), turned(grid.items)]
    : [arms, protocols, values, grid.items];
  const trace = {
    type: "heatmap",
    z,
    x: across,
    y: down,
    zmin: 0,
    zmax: 1,
    colorscale: SEQUENTIAL,
    xgap: 2,
    ygap: 2,
    hoverongaps: false,
    text: z.map((row) => row.map((value) => (value === null ? "" : value.toFixed(2)))),
    texttemplate: "%{text}",
    customdata: items,
    hovertemplate: `%{y}, %{x}<br>${label} %{z:.3f}<br>%{customdata} contradicting pairs<extra></extra>`,
    colorbar: {
      title: { text: small ? "" : label, side: "right" },
      thickness: small ? 8 : 14,
      ...(small ? { tickfont: { size: 10 }, nticks: 3 } : {}),
    },
  };
  const crowded = small && across.length > 3;
  const extra = {
    height: (crowded ? 160 : 110) + Math.max(90, 40 * down.length),
    margin: { l: 10, r: 10, t: crowded ? 100 : 56, b: 34 },
    plot_bgcolor: colour("hole"),
    xaxis: { side: "top", type: "category", showgrid: false, tickangle: crowded ? -60 : 0, tickfont: { size: 12 } },
    yaxis: { autorange: "reversed", type: "category", showgrid: false, title: { text: small ? "" : "protocol", standoff: 12 } },
  };
  await draw(place, [trace], extra, `${label} of ${grid.model} by arm and protocol`);
  const notes = values.flat().includes(null) ? ["Grey: not evaluated."] : [];
  if (grid.protocols.length === 1)
    notes.unshift(
      `Only one protocol was run (${grid.protocols[0]}), so nothing can be said about the wording. ` +
        "Others are tasks such as cmqa_crossmodal__neutral; every one: cmqa_prompts.",
    );
  below(
    place,
    notes,
    ["protocol", ...grid.arms],
    grid.protocols.map((name, y) => [name, ...values[y].map((value) => written(value))]),
  );
}
