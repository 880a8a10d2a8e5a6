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
  const wanted = /^#item=(.+)$/.exec(location.hash);
  const item = wanted && list.items.find((one) => one.id === decodeURIComponent(wanted[1]));
  if (item) list.choose(item.number);
  document.documentElement.dataset.ready = "yes";
}

start();
