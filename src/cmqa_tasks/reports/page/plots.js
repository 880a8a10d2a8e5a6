"use strict";
// Which plot is drawn when.

function startPlots(index) {
  const boards = new Map(index.boards.map((board) => [board.key, board]));
  const models = index.entries.length;
  fill(
    byId("prompts-model"),
    index.ablation.map((grid, place) => [place, `${short(grid.model, 60)} · ${grid.release}`]),
  );
  const most = index.ablation.reduce(
    (best, grid, place) => (grid.protocols.length > index.ablation[best].protocols.length ? place : best),
    0,
  );
  byId("prompts-model").value = String(most); // where there is something to compare
  const about = (map) => `${short(map.model, 60)} · ${map.protocol}${map.panels.length ? "" : " (no log)"}`;
  const logged = index.maps
    .map((map, place) => [map, place])
    .sort(([a], [b]) => Number(!a.panels.length) - Number(!b.panels.length));
  fill(
    byId("attention-model"),
    logged.map(([map, place]) => [place, about(map)]),
  );
  if (!index.maps.some((map) => map.panels.length)) byId("attention-model").parentElement.hidden = true;
  const none = models && index.maps.every((map) => !map.panels.length);
  const tasks = {
    gap: () => drawGap(boards.get(byId("board")?.value)),
    prompts: () => drawPrompts(index.ablation[Number(byId("prompts-model").value)], byId("prompts-measure").value),
    attention: () => drawAttention(none ? null : index.maps[Number(byId("attention-model").value)]),
  };
  const seen = new Set();
  const again = (name) => {
    if (seen.has(name)) tasks[name]();
  };
  const watch = new IntersectionObserver(
    (changes) => {
      for (const { isIntersecting, target } of changes) {
        if (!isIntersecting || seen.has(target.id)) continue;
        seen.add(target.id);
        tasks[target.id]();
      }
    },
    { rootMargin: "600px" },
  );
  for (const name of Object.keys(tasks)) watch.observe(byId(name));
  for (const [id, name] of [
    ["prompts-model", "prompts"],
    ["prompts-measure", "prompts"],
    ["attention-model", "attention"],
  ])
    byId(id).addEventListener("change", () => again(name));
  let wasNarrow = narrow();
  window.addEventListener("resize", () => {
    if (narrow() === wasNarrow) return;
    wasNarrow = narrow();
    Object.keys(tasks).forEach(again);
  });
  return { gap: () => again("gap"), all: () => Object.keys(tasks).forEach(again) };
}
