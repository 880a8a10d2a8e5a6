"use strict";
// Attention by layer and head, a panel per arm.

const DIVERGING = {
  light: [
    [0, "#08519c"],
    [0.25, "#6baed6"],
    [0.5, "#f7f7f7"],
    [0.75, "#f4a261"],
    [1, "#a63603"],
  ],
  dark: [
    [0, "#9ecbff"],
    [0.25, "#3a7ab8"],
    [0.5, "#161c23"],
    [0.75, "#c2662d"],
    [1, "#ffc38f"],
  ],
};

/** The end of a scale that leaves out the outermost hundredth, so that one head does not pale all others. */
function reachOf(panels) {
  const sizes = panels
    .flatMap((panel) => panel.values.flat())
    .filter((value) => value !== null)
    .map(Math.abs)
    .sort((a, b) => a - b);
  return sizes.length ? sizes[Math.ceil(0.99 * sizes.length) - 1] || 1 : 1;
}

function panelTrace(panel, number) {
  const suffix = number ? String(number + 1) : "";
  return {
    type: "heatmap",
    z: panel.values,
    xaxis: `x${suffix}`,
    yaxis: `y${suffix}`,
    coloraxis: "coloraxis",
    hoverongaps: false,
    y: panel.layers.map(String),
    x: Array.from({ length: panel.heads }, (_, head) => head),
    hovertemplate: `${inert(panel.label)}<br>layer %{y}, head %{x}<br>log_density_ratio = %{z:.3f} nats<extra></extra>`,
  };
}

async function drawAttention(map) {
  const place = byId("attention-plot");
  if (!map || !map.panels.length) {
    const missing = map
      ? "No log of this model's attention lies below the directory of its results: it is missing, not 0."
      : "No log of attention lies below the directories of the results.";
    return void place.replaceChildren(
      make("p", { class: "empty" }, `${missing} cmqa_hf logs with --model_args …,attention=on,attention_path=….`),
    );
  }
  const { panels } = map;
  const small = narrow();
  const columns = small ? 1 : Math.min(panels.length, 3);
  const rows = Math.ceil(panels.length / columns);
  const depth = Math.max(...panels.map((panel) => panel.layers.length));
  const each = Math.min(420, Math.max(small ? 130 : 170, 12 * depth + 40));
  const extra = {
    height: rows * (each + 92) + (small ? 80 : 60),
    margin: { l: 10, r: 10, t: 50, b: small ? 100 : 46 },
    annotations: [],
    plot_bgcolor: colour("hole"),
  };
  const inner = extra.height - extra.margin.t - extra.margin.b,
    gapX = small ? 0 : 0.05,
    gapY = 92 / inner;
  const [wide, high] = [(1 - gapX * (columns - 1)) / columns, (1 - gapY * (rows - 1)) / rows];
  panels.forEach((panel, number) => {
    const suffix = number ? String(number + 1) : "",
      x = (number % columns) * (wide + gapX),
      y = 1 - Math.floor(number / columns) * (high + gapY);
    const step = Math.ceil(panel.layers.length / 8);
    extra[`xaxis${suffix}`] = {
      domain: [x, x + wide],
      anchor: `y${suffix}`,
      title: { text: "head", standoff: 4 },
      showgrid: false,
      zeroline: false,
      ...(panel.heads > 12 ? { nticks: 8 } : { dtick: 1 }),
    };
    extra[`yaxis${suffix}`] = {
      domain: [Math.max(0, y - high), y],
      anchor: `x${suffix}`,
      type: "category",
      showgrid: false,
      title: { text: number % columns ? "" : "layer", standoff: 4 },
      tickvals: panel.layers.filter((_, layer) => layer % step === 0).map(String),
    };
    extra.annotations.push({
      text: `<b>${inert(panel.label)}</b><br><span style="font-size:11px">${inert(panel.who)}</span>`,
      x: x + wide / 2,
      y,
      xref: "paper",
      yref: "paper",
      xanchor: "center",
      yanchor: "bottom",
      showarrow: false,
      align: "center",
    });
  });
  const reach = reachOf(panels);
  const bar = {
    title: { text: small ? "log_density_ratio (nats)" : "log_density_ratio<br>(nats)", side: "top" },
    thickness: 14,
    ...(small ? { orientation: "h", y: 0, yanchor: "top", ypad: 58, thickness: 10 } : {}),
  };
  extra.coloraxis = { cmin: -reach, cmax: reach, colorscale: dark() ? DIVERGING.dark : DIVERGING.light, colorbar: bar };
  byId("attention-plot").querySelector(".figure")?.remove();
  await draw(
    place,
    panels.map(panelTrace),
    extra,
    `log_density_ratio of ${map.model} by layer and head, ${panels.length} panels`,
  );
  const mean = (values) => {
    const known = values.filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  };
  const lines = panels.flatMap((panel) =>
    panel.layers.map((layer, place) => [
      `${panel.label}, layer ${layer}`,
      written(mean(panel.values[place])),
      ...panel.values[place].map((value) => written(value)),
    ]),
  );
  const heads = Math.max(...panels.map((panel) => panel.heads));
  below(
    place,
    ["Layers count from the input. The scale ends at the 99th percentile; the values on hover are exact."],
    ["arm, layer", "mean", ...Array.from({ length: heads }, (_, head) => `head ${head}`)],
    lines,
  );
}
