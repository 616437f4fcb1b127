// The sketcher by pointer, mouse or finger, and by keys.

import { byId } from "./dom.js";
import { inWords, nextTo, whatIsAt } from "./places.js";
import { begun, erased, POINT, pressed, pulled, shifted } from "./sketch_tools.js";
import { edit, putCaret, redo, sketch, undo } from "./sketch_state.js";
import { drawSketch, fit, showAll, toStructure, view } from "./sketch_view.js";
import { isPinched, wireZoom } from "./sketch_zoom.js";
import { grown, withBond, withOrder } from "./structure.js";

const NEAR = 6; // pixels that a press may slip
const NUDGE = 0.25; // of a bond
const board = byId("sketch-board");

let held = null; // what a press began with: {x, y, start, where, tool, structure, from, isPulled}
let joined = null; // the atom that another is to be joined to

export const sayCaret = (first = "") =>
  (byId("sketch-said").textContent = `${first}${inWords(sketch.structure, sketch.caret)}`);

const finger = (event) => (event.pointerType === "touch" ? 1.6 : 1);
const hovered = (event) => whatIsAt(sketch.structure, toStructure(event), finger(event));

function press(event) {
  if (isPinched()) {
    held = null;
    drawSketch();
  }
  if (!event.isPrimary || held) return;
  event.preventDefault();
  board.setPointerCapture(event.pointerId);
  board.focus({ preventScroll: true });
  const tool = event.button === 2 ? { kind: "erase" } : sketch.tool;
  held = {
    x: event.clientX,
    y: event.clientY,
    start: toStructure(event),
    where: hovered(event),
    tool,
    structure: sketch.structure,
    from: { ...view },
  };
}

const resultOf = (event) => pulled(held.structure, held.tool, held.where, held.start, toStructure(event));

// Another finger may have undone, or a key, what the press began with.
const isStale = () => held.structure !== sketch.structure;

function move(event) {
  if (held && isStale()) held = null;
  if (!held) {
    if (event.pointerType === "mouse") drawSketch({ hover: hovered(event) });
    return;
  }
  held.isPulled ||= Math.hypot(event.clientX - held.x, event.clientY - held.y) > NEAR;
  if (!held.isPulled) return;
  if (held.tool.kind === "move" && !held.where) {
    view.x = held.from.x - (event.clientX - held.x) / view.scale;
    view.y = held.from.y - (event.clientY - held.y) / view.scale;
    view.isOwn = true;
    drawSketch();
  } else {
    drawSketch({ structure: resultOf(event)[0], caret: null });
  }
}

function release(event) {
  if (held && isStale()) held = null;
  if (!held) return;
  const { tool, structure } = held;
  const done = held.isPulled
    ? resultOf(event)
    : pressed(structure, tool, held.where, held.start);
  held = null;
  if (done[0] !== structure || done[1]) edit(done); // a press on nothing leaves the caret
  if (tool.kind === "move") drawSketch();
  else showAll();
  sayCaret();
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LETTERS = { c: "C", n: "N", o: "O", s: "S", f: "F", p: "P", l: "Cl", b: "Br", "*": POINT };
const RINGED = { a: "benzene", 6: "cyclohexane", 5: "cyclopentane" };
const ORIGIN = { x: 0, y: 0 };

function arrow([dx, dy], isMoved) {
  const { structure, caret } = sketch;
  if (isMoved) edit([shifted(structure, caret, NUDGE * dx, NUDGE * dy), caret]);
  else putCaret(nextTo(structure, caret, dx, dy));
}

function put(element) {
  const { structure, caret } = sketch;
  if (!structure.atoms.length) edit(begun(structure, element, ORIGIN));
  else if (caret?.atom !== undefined && structure.atoms[caret.atom].element !== element) {
    edit(pressed(structure, { kind: "atom", element }, caret, ORIGIN));
  }
}

// At an atom a new one, bound so; at a bond its order.
function bind(order) {
  const { structure, caret } = sketch;
  if (!structure.atoms.length) edit(pressed(structure, { kind: "bond", order }, null, ORIGIN));
  else if (caret?.bond !== undefined) edit([withOrder(structure, caret.bond, order), caret]);
  else if (caret) {
    const [next, atom] = grown(structure, caret.atom, { order });
    edit([next, { atom }]);
  }
}

// The first press says from which atom, the second to which.
function join() {
  const { structure, caret } = sketch;
  if (caret?.atom === undefined) return "";
  if (joined === null || joined.structure !== structure || joined.atom === caret.atom) {
    joined = { structure, atom: caret.atom };
    return "to be joined: ";
  }
  edit([withBond(structure, joined.atom, caret.atom, 1), caret]);
  joined = null;
  return "joined: ";
}

// What a key does, or nothing.
function actionOf(event) {
  const { key, shiftKey } = event;
  const { structure, caret } = sketch;
  const letter = LETTERS[key.toLowerCase()];
  const ring = RINGED[key.toLowerCase()];
  if (ARROWS[key]) return () => arrow(ARROWS[key], shiftKey);
  if (letter && (letter !== POINT || !byId("sketch-point").hidden)) return () => put(letter);
  if (["1", "2", "3"].includes(key)) return () => bind(Number(key));
  if (key === "Enter") return () => bind(1);
  if (ring && (caret || !structure.atoms.length)) {
    return () => edit(pressed(structure, { kind: "ring", ring }, caret, ORIGIN));
  }
  if (key === "+" || key === "-") {
    return () => edit(pressed(structure, { kind: "charge", step: key === "+" ? 1 : -1 }, caret, ORIGIN));
  }
  if (key === "Delete" || key === "Backspace") return () => edit(erased(structure, caret));
  if (key === "0") return () => fit();
  return key.toLowerCase() === "j" ? join : null;
}

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = actionOf(event);
  if (!action) return;
  event.preventDefault();
  const first = action();
  showAll();
  sayCaret(typeof first === "string" ? first : "");
}

// Anywhere in the dialog.
export function turnBack(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  const way = key === "y" || (key === "z" && event.shiftKey) ? redo : key === "z" ? undo : null;
  if (!way) return;
  event.preventDefault();
  way();
  showAll();
  sayCaret();
}

export function wireHands() {
  wireZoom();
  board.addEventListener("pointerdown", press);
  board.addEventListener("pointermove", move);
  board.addEventListener("pointerup", release);
  board.addEventListener("pointercancel", () => {
    held = null;
    drawSketch();
  });
  board.addEventListener("pointerleave", () => held || drawSketch());
  board.addEventListener("contextmenu", (event) => event.preventDefault());
  board.addEventListener("keydown", keyed);
  board.addEventListener("focus", () => {
    if (!sketch.caret && sketch.structure.atoms.length) putCaret({ atom: 0 });
    sayCaret();
  });
  new ResizeObserver(() => {
    if (!view.isOwn) fit();
    drawSketch();
  }).observe(board);
}
