// Elements of the page. Text is always a text node: nothing that a file, a link or the service says
// is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// An HTML element; an attribute that is a function listens, as `onclick`.
export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

// Lines of 24 by 24 units.
const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  stop: "M6 6h12v12H6z",
  loop: "M17 3l3 3-3 3M20 6H8a4 4 0 0 0-4 4v1M7 21l-3-3 3-3M4 18h12a4 4 0 0 0 4-4v-1",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3",
  redo: "M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h3",
  heart: "M12 20s-7.5-4.7-7.5-10.2A4.3 4.3 0 0 1 12 7.2a4.3 4.3 0 0 1 7.5 2.6C19.5 15.3 12 20 12 20z",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
  rhythm: "M6 18V7m0 0h12v11M9.5 18a2 2 0 1 1-3.5-1.5M18 18a2 2 0 1 1-3.5-1.5",
  pitches: "M5 17h3v-4h4V9h4V5h4",
  free: "M4 20l1-4L16 5l3 3L8 19z",
  erase: "M9 19h11M4.5 14.5l9-9 6 6-7.5 7.5H9z",
  open: "M4 19V6h6l2 2h8v11z",
  save: "M12 4v11m0 0l-4-4m4 4l4-4M5 20h14",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3A4 4 0 0 0 10.7 18.3L12 17",
  close: "M6 6l12 12M18 6L6 18",
  more: "M12 5v14M5 12h14",
  help: "M9 9a3 3 0 1 1 4.2 2.7c-.9.5-1.2 1-1.2 2.3M12 17.5v.5",
  use: "M12 20V7m0 0l-5 5m5-5l5 5M5 4h14",
  move: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  single: "M5 19L19 5",
  double: "M3.5 16.5l13-13M7.5 20.5l13-13",
  triple: "M2.5 15.5l13-13M5.5 18.5l13-13M8.5 21.5l13-13",
  benzene: "M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9zM12 6.8l4.5 2.6M16.5 14.6L12 17.2M7.5 9.4v5.2",
  cyclohexane: "M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9z",
  cyclopentane: "M12 3.5l8.6 6.2-3.3 10.1H6.7L3.4 9.7z",
  plus: "M12 7v10M7 12h10M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19z",
  minus: "M7 12h10M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19z",
  clear: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  again: "M4 12a8 8 0 0 1 14-5.3L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.3L4 15M4 20v-5h5",
};

export function icon(name) {
  return drawn(
    "svg",
    { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" },
    drawn("path", { d: ICONS[name] }),
  );
}

// A button with a picture; the words are shown beside it or only spoken.
export function button(picture, words, press, { spoken = false, ...attributes } = {}) {
  return make(
    "button",
    { type: "button", onclick: press, title: spoken ? words : null, ...attributes },
    picture ? icon(picture) : null,
    make("span", { class: spoken ? "spoken" : "words", text: words }),
  );
}

// What is said is read aloud by screen readers, and not shown.
export function speak(sentence) {
  byId("said").textContent = "";
  byId("said").textContent = sentence;
}

// A sentence at the foot of the page, for a while.
let fading = 0;
export function note(sentence, kind = "quiet") {
  const toast = byId("toast");
  toast.textContent = sentence;
  toast.dataset.kind = kind;
  toast.hidden = !sentence;
  clearTimeout(fading);
  fading = setTimeout(() => (toast.hidden = true), kind === "alarm" ? 12000 : 5000);
}

// What a press leads to may be refused: the sentence is shown, everything else stays.
export function attempt(work) {
  return async (...given) => {
    try {
      return await work(...given);
    } catch (error) {
      if (error.name !== "AbortError") note(error.message, "alarm");
      return undefined;
    }
  };
}

export const stepwise = matchMedia("(prefers-reduced-motion: reduce)");
