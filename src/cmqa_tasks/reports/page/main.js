"use strict";
// Starts everything. Tables stand in the markup already; the rest waits for its data.

function startNavigation() {
  const links = new Map([...document.querySelectorAll("header nav a")].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver(
    (changes) => {
      for (const { isIntersecting, target } of changes) links.get(target.id).classList.toggle("here", isIntersecting);
    },
    { rootMargin: "-30% 0px -60% 0px" },
  );
  for (const id of links.keys()) watch.observe(byId(id));
}

/** Keep an element at the top of the window while what stands above it is still being drawn, until the reader moves. */
function pin(element) {
  const settle = () => element.scrollIntoView({ block: "start", behavior: "instant" });
  const watch = new ResizeObserver(settle);
  for (const section of document.querySelectorAll("main > *")) watch.observe(section);
  const release = () => watch.disconnect();
  for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"])
    window.addEventListener(kind, release, { once: true, passive: true });
  settle();
}

/** Open the item that the address names; say so where it is not in this page. */
async function followLink(list) {
  const named = /^#item=(.+)$/.exec(location.hash);
  byId("absent").hidden = true;
  if (!named) return;
  const id = decoded(named[1]);
  const item = list.items.find((candidate) => candidate.id === id);
  if (item) {
    await list.choose(item.number);
    pin(byId("item"));
    return;
  }
  byId("absent").replaceChildren(
    "There is no item ",
    isolated(short(id, 60)),
    ` among the ${list.items.length.toLocaleString("en")} items of this page. It may have been left out for the page's size, or belong to other runs.`,
  );
  byId("absent").hidden = false;
  pin(byId("absent"));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}

async function start() {
  startNavigation();
  let plots = null;
  startTheme(() => plots?.all());
  startTables(() => plots?.gap());
  if (typeof DecompressionStream === "undefined") {
    byId("count").textContent = "This browser is too old for plots and samples: it cannot decompress data.";
    return;
  }
  const index = JSON.parse(await unpacked("index"));
  plots = startPlots(index);
  const list = new ItemList(index, (item) => showItem(index, item, list));
  startDownloads(index, list);
  const follow = () => followLink(list);
  window.addEventListener("hashchange", follow);
  await follow();
  document.documentElement.dataset.ready = "yes";
}

start();
