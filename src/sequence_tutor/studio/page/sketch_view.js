// The drawing on the board of the sketcher.

import { byId, drawn } from "./dom.js";
import { labelOf, pointOf } from "./places.js";
import { sketch } from "./sketch_state.js";
import { neighbours } from "./structure.js";

const USUAL = 44; // pixels of a bond
export const LEAST = 9;
export const MOST = 120;
const MARGIN = 36;
const LABEL = 0.27; // of a bond, left free around what is written
const APART = 0.16; // of the lines of a double bond

const board = byId("sketch-board");
// `isOwn`: where it is was chosen by hand.
export const view = { scale: USUAL, x: 0, y: 0, wide: 0, high: 0, isOwn: false };

const toBoard = ({ x, y }) => ({
  x: (x - view.x) * view.scale + view.wide / 2,
  y: (y - view.y) * view.scale + view.high / 2,
});

export function toStructure(event) {
  const box = board.getBoundingClientRect();
  return {
    x: (event.clientX - box.left - view.wide / 2) / view.scale + view.x,
    y: (event.clientY - box.top - view.high / 2) / view.scale + view.y,
  };
}

function measure() {
  const { width, height } = board.getBoundingClientRect();
  Object.assign(view, { wide: width, high: height });
}

// All of the structure is seen, as large as usual if there is room.
export function fit() {
  measure();
  view.isOwn = false;
  const { atoms } = sketch.structure;
  if (!atoms.length) return Object.assign(view, { scale: USUAL, x: 0, y: 0 });
  const [xs, ys] = [atoms.map(({ x }) => x), atoms.map(({ y }) => y)];
  const [left, right, top, foot] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const room = (pixels, extent) => (pixels - 2 * MARGIN) / Math.max(extent, 0.01);
  const scale = Math.min(USUAL, room(view.wide, right - left), room(view.high, foot - top));
  return Object.assign(view, {
    scale: Math.max(scale, LEAST),
    x: (left + right) / 2,
    y: (top + foot) / 2,
  });
}

// After a change: what is hidden comes into sight; in a part chosen by hand only the caret.
export function showAll() {
  measure();
  const { structure, caret } = sketch;
  const isOut = ({ x, y }) => x < 12 || y < 12 || x > view.wide - 12 || y > view.high - 12;
  if (!view.isOwn) {
    if (structure.atoms.map(toBoard).some(isOut)) fit();
  } else if (caret && isOut(toBoard(pointOf(structure, caret)))) {
    const { x, y } = pointOf(structure, caret);
    Object.assign(view, { x, y });
  }
  drawSketch();
}

const line = (a, b, kind = "bond") => drawn("line", { class: kind, x1: a.x, y1: a.y, x2: b.x, y2: b.y });

// The atoms of the smallest ring with a bond, or none.
function ringOf(structure, { from, to }) {
  const before = new Map([[from, null]]);
  const queue = [from];
  while (queue.length) {
    const place = queue.shift();
    for (const other of neighbours(structure, place)) {
      if (before.has(other) || (place === from && other === to)) continue;
      before.set(other, place);
      queue.push(other);
    }
  }
  const ring = [];
  if (before.has(to)) for (let place = to; place !== null; place = before.get(place)) ring.push(place);
  return ring;
}

// On which side of a double bond its second line is: 1, -1, or 0 for one line on either side.
function sideOf(structure, bond) {
  const [a, b] = [structure.atoms[bond.from], structure.atoms[bond.to]];
  const others = [bond.from, bond.to].map((place) => neighbours(structure, place).length);
  const ring = ringOf(structure, bond);
  if (!ring.length && Math.min(...others) === 1) return 0;
  const all = ring.length ? ring : [bond.from, bond.to].flatMap((p) => neighbours(structure, p));
  const across = ({ x, y }) => (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
  return Math.sign(Math.round(all.reduce((sum, place) => sum + across(structure.atoms[place]), 0) * 100));
}

function wedge(a, b, nx, ny, isHashed) {
  const wide = 0.12 * view.scale;
  const at = (share, side) =>
    `${a.x + share * (b.x - a.x) + side * share * wide * nx},${a.y + share * (b.y - a.y) + side * share * wide * ny}`;
  if (!isHashed) return [drawn("polygon", { class: "wedge", points: [at(0, 0), at(1, 1), at(1, -1)].join(" ") })];
  return [0.15, 0.32, 0.49, 0.66, 0.83, 1].map((share) =>
    drawn("polyline", { class: "bond", points: `${at(share, 1)} ${at(share, -1)}` }),
  );
}

function bondLines(structure, bond, labels) {
  const [first, last] = [toBoard(structure.atoms[bond.from]), toBoard(structure.atoms[bond.to])];
  const far = Math.hypot(last.x - first.x, last.y - first.y) || 1;
  const [dx, dy] = [(last.x - first.x) / far, (last.y - first.y) / far];
  const free = (place) => (labels[place] ? Math.min(LABEL * view.scale, far / 3) : 0);
  const moved = ({ x, y }, on, aside) => ({ x: x + on * dx - aside * dy, y: y + on * dy + aside * dx });
  const [begin, end] = [free(bond.from), -free(bond.to)];
  const lineAt = (aside, short = 0) => {
    const less = (own) => Math.max(own, short * view.scale);
    return line(moved(first, less(begin), aside), moved(last, -less(-end), aside));
  };
  const apart = APART * view.scale;
  if (bond.order === 3) return [lineAt(0), lineAt(apart), lineAt(-apart)];
  if (bond.order === 2) {
    if (bond.stereo === 3) {
      const ends = [apart / 2, -apart / 2];
      return ends.map((aside) => line(moved(first, begin, aside), moved(last, end, -aside)));
    }
    const side = sideOf(structure, bond);
    return side ? [lineAt(0), lineAt(side * apart, 0.14)] : [lineAt(apart / 2), lineAt(-apart / 2)];
  }
  if (bond.stereo === 1 || bond.stereo === 6) {
    return wedge(moved(first, begin, 0), moved(last, end, 0), -dy, dx, bond.stereo === 6);
  }
  return [lineAt(0)];
}

// The symbol is in the middle of its atom, whatever stands beside it.
function labelText(structure, place, { before, symbol, after, charge }) {
  const { x, y } = toBoard(structure.atoms[place]);
  const size = Math.max(0.36 * view.scale, 10);
  const half = symbol.length * 0.36 * size;
  const at = { y, dy: ".36em", "font-size": size };
  const part = (text, start, anchor, ...more) =>
    text || more.length ? drawn("text", { ...at, x: start, "text-anchor": anchor }, text, ...more) : null;
  const raised = charge ? [drawn("tspan", { dy: "-.45em", "font-size": 0.8 * size, text: charge })] : [];
  return drawn(
    "g",
    { class: "atom", "data-element": symbol },
    part(before, x - half, "end"),
    part(symbol, x, "middle"),
    part(after, x + half, "start", ...raised),
  );
}

function ring(structure, where, kind) {
  const { x, y } = toBoard(pointOf(structure, where));
  const share = where.atom !== undefined ? 0.36 : 0.22;
  return drawn("circle", { class: kind, cx: x, cy: y, r: Math.max(share * view.scale, 8) });
}

// `structure` is what is being pulled, `hover` what the mouse is over.
export function drawSketch({ structure = sketch.structure, hover = null, caret = sketch.caret } = {}) {
  measure();
  board.setAttribute("viewBox", `0 0 ${view.wide || 1} ${view.high || 1}`);
  const labels = structure.atoms.map((_, place) => labelOf(structure, place));
  board.replaceChildren(
    ...(hover ? [ring(structure, hover, "hover")] : []),
    ...(structure.atoms[sketch.marked] ? [ring(structure, { atom: sketch.marked }, "marked")] : []),
    ...structure.bonds.flatMap((bond) => bondLines(structure, bond, labels)),
    ...labels.flatMap((label, place) => (label ? [labelText(structure, place, label)] : [])),
    ...(caret ? [ring(structure, caret, "caret")] : []),
  );
}
