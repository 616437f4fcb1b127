// The roll by mouse, pen and touch: draw by pressing on nothing, drag a note, pull its end, erase it.

import { paidBetween } from "./account.js";
import { byId } from "./dom.js";
import { pitchName } from "./pitches.js";
import { caret, drawBand, drawNotes, geometry, under } from "./roll.js";
import { isSelected, sayErased, sayMoved, saySelected, select, selectedNotes, turnSelected, within } from "./selection.js";
import { touch } from "./sound.js";
import { state } from "./state.js";
import { erased, movedTogether, noteAt, placed } from "./tune.js";
import { beginDrag, drag, endDrag, setTune } from "./work.js";

const NEAR = 8; // pixels that a finger may move and still have tapped

const svg = byId("notes");

// How new notes are drawn: chosen beside the roll.
export const drawing = { tool: "draw", grid: 2 };

let held = null; // {kind: "move" | "end" | "tap" | "several" | "band", note, base, from, x, y}
let fresh = -1; // where the first press of a double one has drawn a note

const toGrid = (step) => Math.floor(step / drawing.grid) * drawing.grid;

function hear(pitch) {
  touch(pitch, state.sound.voice);
}

function seize(event, kind, note) {
  const base = erased(state.work.tune, note);
  const from = under(event);
  held = { kind, note, base, from, x: event.clientX, y: event.clientY, pitch: note.pitch };
  svg.setPointerCapture(event.pointerId);
}

// All that are selected, or the rectangle that selects.
function seizeMany(event, kind) {
  held = { kind, from: under(event), x: event.clientX, y: event.clientY };
  if (kind === "several") Object.assign(held, { base: state.work.tune, notes: selectedNotes() });
  svg.setPointerCapture(event.pointerId);
}

function eraseAt(note) {
  const gone = isSelected(note) ? selectedNotes() : [note];
  setTune(gone.reduce(erased, state.work.tune));
  if (gone.length > 1) sayErased(gone.length);
}

// What is pressed is selected or not, or moves with the others; whether that was meant.
function pressMany(event, note) {
  const adds = event.shiftKey || event.ctrlKey || event.metaKey;
  const isTool = drawing.tool === "select";
  if (event.button !== 0) return false;
  if (note && isSelected(note) && !adds) {
    beginDrag();
    seizeMany(event, "several");
  } else if (note && (adds || isTool)) {
    if (!adds) select([]);
    turnSelected(note);
    saySelected();
  } else if (!note && (event.shiftKey || isTool)) {
    seizeMany(event, "band");
  } else {
    if (!note || !isSelected(note)) select([]);
    return false;
  }
  drawNotes();
  return true;
}

function dragMany(event) {
  const at = under(event);
  const { from, kind } = held;
  if (kind === "band") {
    select(within(from, at));
    drawNotes();
    return drawBand(from, at);
  }
  const steps = Math.round((at.step - from.step) / drawing.grid) * drawing.grid;
  const { pitches } = geometry;
  const ways = { steps, semitones: at.pitch - from.pitch };
  const moved = movedTogether(held.base, held.notes, ways, [pitches.at(-1), pitches[0]]);
  if (moved.semitones !== held.up) hear(moved.notes[0].pitch);
  Object.assign(held, { moved, up: moved.semitones });
  select(moved.notes);
  return drag(moved.tune);
}

function releaseMany() {
  const { kind, moved, notes } = held;
  held = null;
  drawBand(null);
  if (kind === "band") return saySelected();
  endDrag();
  return moved && sayMoved(notes.length, moved.steps, moved.semitones);
}

function newNote(at) {
  const start = toGrid(at.step);
  return { start, end: Math.min(start + drawing.grid, state.work.tune.steps), pitch: at.pitch };
}

function press(event) {
  if (event.button > 2 || held) return;
  const at = under(event);
  const group = event.target.closest(".note");
  const note = group && noteAt(state.work.tune, Number(group.dataset.start));
  Object.assign(caret, { step: note ? note.start : Math.floor(at.step), pitch: at.pitch });
  if (event.detail < 2) fresh = -1;
  caret.isSeen = false;
  if (note && (event.button === 2 || event.altKey || drawing.tool === "erase")) {
    eraseAt(note);
  } else if (pressMany(event, note)) {
    // selected, or seized with the others
  } else if (event.button !== 0) {
    return;
  } else if (note) {
    beginDrag();
    seize(event, event.target.classList.contains("grip") ? "end" : "move", note);
    hear(note.pitch);
  } else if (drawing.tool === "draw") {
    if (event.pointerType === "touch") {
      held = { kind: "tap", x: event.clientX, y: event.clientY }; // it may be the start of a scroll
    } else {
      const drawn = newNote(at);
      fresh = drawn.start;
      beginDrag();
      drag(placed(state.work.tune, drawn));
      seize(event, "end", drawn);
      hear(drawn.pitch);
    }
  }
  svg.focus({ preventScroll: true });
}

function dragged(event) {
  const at = under(event);
  const { note, from, base } = held;
  const steps = Math.round((at.step - from.step) / drawing.grid) * drawing.grid;
  if (held.kind === "end") {
    const end = Math.max(note.start + 1, Math.min(note.end + steps, state.work.tune.steps));
    return placed(base, { ...note, end });
  }
  const length = note.end - note.start;
  const start = Math.max(0, Math.min(note.start + steps, state.work.tune.steps - length));
  const { pitches } = geometry;
  const wanted = note.pitch + at.pitch - from.pitch;
  const pitch = Math.max(pitches.at(-1), Math.min(wanted, pitches[0]));
  if (pitch !== held.pitch) hear((held.pitch = pitch));
  return placed(base, { start, end: start + length, pitch });
}

function move(event) {
  if (!held || held.kind === "tap") return;
  if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < 3) return;
  if (held.kind === "several" || held.kind === "band") dragMany(event);
  else drag(dragged(event));
}

function release(event) {
  if (!held) return;
  if (held.kind === "several" || held.kind === "band") {
    if (held.kind === "band" && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 3) select([]);
    releaseMany();
    drawNotes();
    return;
  }
  const tapped = held.kind === "tap";
  const isNear = Math.hypot(event.clientX - held.x, event.clientY - held.y) < NEAR;
  held = null;
  if (tapped && isNear) {
    const drawn = newNote(under(event));
    setTune(placed(state.work.tune, drawn));
    hear(drawn.pitch);
  } else if (!tapped) {
    endDrag();
  }
}

svg.addEventListener("pointerdown", press);
svg.addEventListener("pointermove", move);
svg.addEventListener("pointerup", release);
svg.addEventListener("pointercancel", () => {
  if (held && !["tap", "band"].includes(held.kind)) endDrag();
  held = null;
  drawBand(null);
});
svg.addEventListener("contextmenu", (event) => event.preventDefault());
svg.addEventListener("dblclick", (event) => {
  const at = under(event);
  const note = noteAt(state.work.tune, Math.floor(at.step));
  if (!note || note.pitch !== at.pitch || note.start === fresh) return;
  if (drawing.tool === "select") return;
  setTune(erased(state.work.tune, note));
});
// The keys sound.
byId("keys").addEventListener("pointerdown", (event) => {
  const pitch = Number(event.target.dataset.pitch);
  if (pitch) hear(pitch);
});
svg.addEventListener("pointerleave", () => (byId("under").textContent = ""));
svg.addEventListener("pointermove", (event) => {
  const at = under(event);
  const note = noteAt(state.work.tune, Math.floor(at.step));
  const paid = note && note.pitch === at.pitch ? paidBetween(note.start, note.end) : [];
  byId("under").textContent = [pitchName(at.pitch, state.music), ...paid].join(" · ");
});
svg.addEventListener("blur", () => {
  caret.isSeen = false;
  drawNotes();
});
