// The drawing in the sketcher: a structure with its past, the tool, and the caret.

import { EMPTY } from "./structure.js";

const MOST_STEPS = 200; // that can be undone

export const sketch = {
  structure: EMPTY,
  caret: null, // {atom} or {bond}
  tool: { kind: "atom", element: "C" },
  marked: -1, // the atom that was refused
  past: [],
  future: [],
};

const hearers = [];
export const onSketch = (heard) => hearers.push(heard);
export const tellSketch = () => hearers.forEach((heard) => heard());

const now = () => ({ structure: sketch.structure, caret: sketch.caret });

export function beginSketch({ structure = EMPTY, caret = null, past = [], future = [] } = {}) {
  Object.assign(sketch, { structure, caret, past, future, marked: -1 });
  tellSketch();
}

export function putCaret(caret) {
  sketch.caret = caret;
  tellSketch();
}

export function edit([structure, caret]) {
  if (structure !== sketch.structure) {
    sketch.past = [...sketch.past, now()].slice(-MOST_STEPS);
    Object.assign(sketch, { structure, future: [], marked: -1 });
  }
  putCaret(caret);
}

export function undo() {
  if (!sketch.past.length) return;
  sketch.future.push(now());
  Object.assign(sketch, sketch.past.pop(), { marked: -1 });
  tellSketch();
}

export function redo() {
  if (!sketch.future.length) return;
  sketch.past.push(now());
  Object.assign(sketch, sketch.future.pop(), { marked: -1 });
  tellSketch();
}
