// The piano roll: rows of pitches, steps of sixteenths, the notes, and the line that follows the sound.
// It draws what `state.work` is; the mouse, touch and keyboard change that in modules of their own.

import { byId, drawn } from "./dom.js";
import { scaleNotes, isBlack, pitchName } from "./pitches.js";
import { follow } from "./player.js";
import { isSelected } from "./selection.js";
import { info, on, state } from "./state.js";
import { meterOf, noteAt } from "./tune.js";
import { bars } from "./work.js";

const svg = byId("notes");
const keys = byId("keys");
const scroll = byId("roll-scroll");
const coarse = matchMedia("(pointer: coarse)");
const READABLE = 12; // pixels of a row that has room for the name of a note

// Where the keyboard is: a step and a pitch. Negative: it has not been used yet.
export const caret = { step: 0, pitch: 60, isSeen: false };

export const geometry = { step: 8, row: 12, pitches: [] };

const layers = {};
for (const name of ["rows", "kept", "lines", "notes", "caret", "band", "cursor"]) {
  layers[name] = drawn("g", { class: `layer-${name}` });
  svg.append(layers[name]);
}

// From high to low. On a small screen only what is used, and room around it.
function visiblePitches() {
  const { first_pitch: first = 48, last_pitch: last = 83 } = info.melody;
  let low = first + state.music.transpose;
  let high = last + state.music.transpose;
  if (coarse.matches || innerHeight < 620) {
    const used = state.work.tune.notes.map((note) => note.pitch);
    const middle = used.length ? (Math.min(...used) + Math.max(...used)) / 2 : 67;
    const reach = Math.max(10.5, used.length ? (Math.max(...used) - Math.min(...used)) / 2 + 3 : 0);
    const lowest = Math.max(low, Math.min(Math.floor(middle - reach), high - 21));
    high = Math.min(high, Math.max(Math.ceil(middle + reach), lowest + 21));
    low = lowest;
  }
  return Array.from({ length: high - low + 1 }, (_, place) => high - place);
}

function measure() {
  const { steps } = state.work.tune;
  const least = coarse.matches ? 11 : 6.5;
  geometry.step = Math.max(least, (scroll.clientWidth - 2) / steps);
  geometry.pitches = visiblePitches();
  // the button under it is to be seen, too
  const room = innerHeight < 620 || coarse.matches ? 15 : Math.floor((innerHeight - 360) / 36);
  const usual = Math.max(10, Math.min(coarse.matches ? 15 : 14, room));
  geometry.row = Math.round(usual * state.sound.rows);
}

export const rowOf = (pitch) => geometry.pitches[0] - pitch;
const top = (pitch) => rowOf(pitch) * geometry.row;
const height = () => geometry.pitches.length * geometry.row;
const width = () => state.work.tune.steps * geometry.step;

// The step and pitch under a pointer.
export function under(event) {
  const box = svg.getBoundingClientRect();
  const step = (event.clientX - box.left) / geometry.step;
  const row = Math.floor((event.clientY - box.top) / geometry.row);
  const place = Math.max(0, Math.min(row, geometry.pitches.length - 1));
  return { step, pitch: geometry.pitches[place] };
}

const rectangle = (x, y, w, h, attributes = {}) =>
  drawn("rect", { x, y, width: Math.max(w, 0), height: h, ...attributes });

function drawRows() {
  const { tonic, notes } = scaleNotes(state.music);
  const range = geometry.pitches.map((pitch) => {
    const own = ((pitch % 12) + 12) % 12;
    const kind = own === tonic ? "row-tonic" : notes.has(own) ? "row-in" : "row-out";
    return rectangle(0, top(pitch), width(), geometry.row, { class: kind });
  });
  layers.rows.replaceChildren(...range);
}

function drawLines() {
  const { beat } = meterOf(state.music.meter);
  const lines = [];
  const line = (x, kind) => lines.push(drawn("line", { x1: x, x2: x, y1: 0, y2: height(), class: kind }));
  const kept = [];
  for (const bar of bars()) {
    for (let step = bar.first; step < bar.last; step += beat) {
      if (step > bar.first) line(step * geometry.step, "beat");
    }
    line(bar.first * geometry.step, "bar");
    const lock = state.work.locks[bar.number];
    if (lock) {
      const x = bar.first * geometry.step;
      const w = (bar.last - bar.first) * geometry.step;
      kept.push(rectangle(x, 0, w, height(), { class: `kept kept-${lock}` }));
    }
  }
  layers.lines.replaceChildren(...lines);
  layers.kept.replaceChildren(...kept);
}

function drawNote(note) {
  const x = note.start * geometry.step;
  const w = (note.end - note.start) * geometry.step;
  const y = top(note.pitch);
  const name = pitchName(note.pitch, state.music);
  const group = drawn("g", { class: "note", "data-start": note.start });
  const chosen = caret.isSeen && note.start <= caret.step && caret.step < note.end;
  group.classList.toggle("chosen", chosen);
  group.classList.toggle("selected", isSelected(note));
  group.append(rectangle(x + 0.5, y + 0.5, w - 1.5, geometry.row - 1, { rx: 3, class: "body" }));
  if (w >= 8 + 8.5 * name.length && geometry.row >= READABLE) {
    group.append(drawn("text", { x: x + 4, y: y + geometry.row / 2 + 4.4, class: "name", text: name }));
  }
  const grip = Math.min(coarse.matches ? 16 : 7, w / 2);
  group.append(rectangle(x + w - grip, y, grip, geometry.row, { class: "grip" }));
  return group;
}

export function drawNotes() {
  layers.notes.replaceChildren(...state.work.tune.notes.map(drawNote));
  const mark = rectangle(
    caret.step * geometry.step,
    top(caret.pitch),
    geometry.step,
    geometry.row,
    { class: "caret", rx: 2 },
  );
  layers.caret.replaceChildren(...(caret.isSeen ? [mark] : []));
}

// The rectangle that is pulled over notes to select them; none: nothing is.
export function drawBand(from, to) {
  if (!from) return layers.band.replaceChildren();
  const [left, right] = [from.step, to.step].sort((a, b) => a - b);
  const [high, low] = [from.pitch, to.pitch].sort((a, b) => b - a);
  const tall = top(low) + geometry.row - top(high);
  const [x, w] = [left * geometry.step, (right - left) * geometry.step];
  return layers.band.replaceChildren(rectangle(x, top(high), w, tall, { class: "band" }));
}

function drawKeys() {
  keys.setAttribute("height", height());
  const black = geometry.pitches.map((pitch) => {
    const own = { class: isBlack(pitch) ? "key-black" : "key-white", "data-pitch": pitch };
    return rectangle(0, top(pitch), isBlack(pitch) ? 30 : 46, geometry.row, own);
  });
  const names = geometry.pitches
    .filter((pitch) => pitch % 12 === 0)
    .map((pitch) => {
      const place = { x: 43, y: top(pitch) + geometry.row / 2 + 4.4, class: "key-name" };
      return drawn("text", { ...place, text: `C${pitch / 12 - 1}` });
    });
  keys.replaceChildren(...black, ...names);
}

export function draw() {
  measure();
  svg.setAttribute("width", width());
  svg.setAttribute("height", height());
  scroll.style.setProperty("--lanes", `${width()}px`);
  drawRows();
  drawLines();
  drawNotes();
  drawKeys();
}

// The cursor, and the note that sounds.
function showSound(id, step) {
  const isOurs = id === "roll" && step !== null;
  layers.cursor.replaceChildren();
  for (const note of layers.notes.querySelectorAll(".sounds")) note.classList.remove("sounds");
  if (!isOurs) return;
  const x = step * geometry.step;
  layers.cursor.append(drawn("line", { x1: x, x2: x, y1: 0, y2: height(), class: "cursor" }));
  const note = noteAt(state.work.tune, Math.floor(step));
  const shown = note && layers.notes.querySelector(`[data-start="${note.start}"]`);
  if (shown) shown.classList.add("sounds");
  if (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth - 24) {
    scroll.scrollLeft = Math.max(0, x - 40);
  }
}

follow(showSound);
on("work music", draw);
new ResizeObserver(draw).observe(scroll);
