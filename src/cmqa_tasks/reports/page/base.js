"use strict";
// What the other files stand on: elements without markup, packed data, colours.

/** Make an element. Texts become text nodes: nothing that a model wrote is ever markup here. */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "class") element.className = value;
    else if (name.includes("-") || name === "role" || name === "scope") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const byId = (id) => document.getElementById(id);

/** A text whose direction cannot leak into what stands around it. */
const isolated = (text) => make("bdi", {}, text);

/** Decode one packed script element: base64, gzip, UTF-8. */
async function unpacked(id) {
  const letters = atob(byId(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/** Remember the result of an asynchronous function by its argument. */
function remembered(compute) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, compute(key));
    return known.get(key);
  };
}

const group = remembered(async (number) => {
  const content = JSON.parse(await unpacked(`group-${number}`));
  return { items: content.items, images: byId(`images-${number}`).textContent.split("\n") };
});

/** Fill a select with [value, label] pairs. */
function fill(select, pairs) {
  select.replaceChildren(...pairs.map(([value, label]) => make("option", { value: String(value) }, label)));
}

/** Short enough for an axis, cut in the middle: checkpoints of one family differ at their end. */
function short(text, length) {
  const letters = Array.from(text);
  if (letters.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${letters.slice(0, length - 1 - tail).join("")}…${letters.slice(-tail).join("")}`;
}

const narrow = () => window.innerWidth <= 820;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const dark = () => getComputedStyle(document.documentElement).colorScheme === "dark";

// Colours: as the system, light, dark. A file opened from disk may be refused any storage.
const THEMES = [
  ["", "◐", "Auto", "as the system"],
  ["light", "☀", "Light", "light"],
  ["dark", "☾", "Dark", "dark"],
];

function storedTheme(value) {
  try {
    if (value === undefined) return localStorage.getItem("cmqa-theme") || "";
    localStorage.setItem("cmqa-theme", value);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  return value || "";
}

function applyTheme(theme) {
  const [name, sign, label, words] = THEMES.find(([name]) => name === theme) || THEMES[0];
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  byId("theme").replaceChildren(sign, make("span", {}, ` ${label}`));
  byId("theme").setAttribute("aria-label", `Colours: ${words}`);
}

function startTheme(changed) {
  let theme = storedTheme();
  applyTheme(theme);
  byId("theme").addEventListener("click", () => {
    const place = THEMES.findIndex(([name]) => name === theme);
    theme = storedTheme(THEMES[(place + 1) % THEMES.length][0]);
    applyTheme(theme);
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
