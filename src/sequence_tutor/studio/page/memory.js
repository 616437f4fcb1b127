// What survives a reload: the work of this tab, the work to begin the next tab with, the favourites of all
// tabs; and the link, which holds all of the work in its fragment, which no server sees.

import { note } from "./dom.js";
import { candidate, shaped } from "./shape.js";
import { on, state, tell } from "./state.js";

const WORK = "studio.work.1";
const FAVOURITES = "studio.favourites.1";
const MOST = 100; // favourites
const LONGEST = 100_000; // characters of a link
const LARGEST = 2_000_000; // of what it unpacks to
const SOON = 300; // milliseconds after the last change

function read(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null; // damaged, or not allowed here
  }
}

function write(storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or not allowed here
  }
}

let timer = 0;
function saveSoon() {
  clearTimeout(timer);
  timer = setTimeout(save, SOON);
}

export function save() {
  clearTimeout(timer);
  write(sessionStorage, WORK, state);
  write(localStorage, WORK, state);
}

async function through(bytes, stream, most = Infinity) {
  const parts = [];
  let size = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(stream)) {
    size += part.length;
    if (size > most) throw new Error("too long");
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

// The accounts are left out: the service tells them again.
const small = (one) => ({ ...one, steps: {}, svg: one.svg && one.svg.length < 4000 ? one.svg : "" });

export async function link() {
  const candidates = Object.fromEntries(
    Object.entries(state.candidates).map(([domain, all]) => [domain, all.map(small)]),
  );
  const bytes = new TextEncoder().encode(JSON.stringify({ ...state, candidates }));
  const packed = await through(bytes, new CompressionStream("deflate-raw"));
  const text = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  const safe = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `${location.origin}${location.pathname}#1.${safe}`;
}

async function unpacked(fragment) {
  if (!fragment.startsWith("#1.") || fragment.length > LONGEST) throw new Error("no link of ours");
  const text = atob(fragment.slice(3).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new DecompressionStream("deflate-raw");
  return JSON.parse(new TextDecoder().decode(await through(bytes, stream, LARGEST)));
}

async function fromLink() {
  if (location.hash.length < 2) return null;
  try {
    return await unpacked(location.hash);
  } catch {
    note("This link is damaged; the page shows what it had before.", "alarm");
    return null;
  } finally {
    history.replaceState(null, "", location.pathname); // a reload shows the work, not the link
  }
}

// Once, before anything is drawn; later for a link that is followed while the page is open.
export async function restore() {
  const linked = await fromLink();
  const value = linked || read(sessionStorage, WORK) || read(localStorage, WORK);
  if (value) Object.assign(state, shaped(value));
  return linked !== null;
}

export const favourites = () =>
  (Array.isArray(read(localStorage, FAVOURITES)) ? read(localStorage, FAVOURITES) : [])
    .slice(0, MOST)
    .flatMap((one) => candidate(one).map((own) => ({ ...own, ...frame(one) })));

const frame = (one) => ({
  domain: ["melody", "molecule", "text"].includes(one.domain) ? one.domain : "melody",
  meter: /^\d{1,2}\/(1|2|4|8|16)$/.test(one.meter) ? one.meter : "4/4",
});

export const isFavourite = (id) => favourites().some((one) => one.id === id);

// Into the list, or out of it; the oldest leave when it is full.
export function turnFavourite(one) {
  const all = favourites();
  const others = all.filter((other) => other.id !== one.id);
  const own = { ...one, domain: state.domain, meter: state.music.meter };
  const next = others.length < all.length ? others : [own, ...others].slice(0, MOST);
  if (!write(localStorage, FAVOURITES, next)) {
    note("The browser has no room for more favourites; remove some, or save them as files.", "alarm");
  }
  tell("favourites");
}

export function wireMemory(again) {
  on("any", (name) => name !== "favourites" && saveSoon());
  addEventListener("pagehide", save);
  addEventListener("storage", (event) => event.key === FAVOURITES && tell("favourites"));
  addEventListener("hashchange", again);
}
