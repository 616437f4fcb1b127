// The roll by the keyboard alone: a caret on the grid; what it comes to is said aloud.

import { byId, speak } from "./dom.js";
import { isBlack, lengthName, pitchClass, pitchName } from "./pitches.js";
import { caret, drawNotes, geometry } from "./roll.js";
import { drawing } from "./roll_pointer.js";
import { isSelected, sayErased, sayMoved, saySelected, select, selectedNotes, turnSelected } from "./selection.js";
import { touch } from "./sound.js";
import { state } from "./state.js";
import { erased, meterOf, movedTogether, noteAt, placed } from "./tune.js";
import { bars, setTune, turnLock } from "./work.js";
import { reveal, zoom } from "./zoom.js";

const svg = byId("notes");

const here = () => noteAt(state.work.tune, caret.step);

const named = (pitch) => pitchName(pitch, state.music);

export function barAt(step) {
  return bars().find((bar) => bar.first <= step && step < bar.last);
}

function place(step) {
  const bar = barAt(step);
  const { beat } = meterOf(state.music.meter);
  const into = step - bar.first;
  const rest = into % beat ? `, sixteenth ${(into % beat) + 1}` : "";
  return `bar ${bar.number}, beat ${Math.floor(into / beat) + 1}${rest}`;
}

function tellPlace(first = "") {
  const note = here();
  const chosen = isSelected(note) ? ", selected" : "";
  const what = note ? `${named(note.pitch)}, ${lengthName(note.end - note.start)}${chosen}` : "nothing";
  speak(`${first}${what}, ${place(caret.step)}`);
}

function go(step) {
  caret.step = Math.max(0, Math.min(step, state.work.tune.steps - 1));
  const note = here();
  if (note) caret.pitch = note.pitch;
  tellPlace();
}

// To the start of the note before or after.
function goToNote(way) {
  const starts = state.work.tune.notes.map((note) => note.start);
  const from = here() ? here().start : caret.step;
  const next = way > 0 ? starts.find((start) => start > from) : starts.findLast((s) => s < from);
  if (next !== undefined) go(next);
}

// The note under the caret becomes another; its old place is free again.
function become(note, values) {
  const { steps } = state.work.tune;
  const { pitches } = geometry;
  const changed = { ...note, ...values };
  if (changed.start < 0 || changed.end > steps || changed.end <= changed.start) return;
  if (changed.pitch > pitches[0] || changed.pitch < pitches.at(-1)) return;
  setTune(placed(erased(state.work.tune, note), changed));
  Object.assign(caret, { step: changed.start, pitch: changed.pitch });
  touch(changed.pitch, state.sound.voice);
  tellPlace();
}

// Whether several are meant: the caret stands on one of them.
const areMeant = () => isSelected(here()) && selectedNotes().length > 1;

function moveAll(ways) {
  const { pitches } = geometry;
  const moved = movedTogether(state.work.tune, selectedNotes(), ways, [pitches.at(-1), pitches[0]]);
  if (moved.steps || moved.semitones) {
    caret.step += moved.steps;
    caret.pitch += moved.semitones;
    setTune(moved.tune);
    select(moved.notes);
  }
  touch(caret.pitch, state.sound.voice);
  sayMoved(moved.notes.length, moved.steps, moved.semitones);
}

function choose() {
  const note = here();
  if (!note) return speak(`nothing to select, ${place(caret.step)}`);
  turnSelected(note);
  return saySelected();
}

function raise(semitones) {
  if (areMeant()) return moveAll({ semitones });
  const note = here();
  if (note) return become(note, { pitch: note.pitch + semitones });
  const { pitches } = geometry;
  caret.pitch = Math.max(pitches.at(-1), Math.min(caret.pitch + semitones, pitches[0]));
  touch(caret.pitch, state.sound.voice);
  return speak(`${named(caret.pitch)}, ${place(caret.step)}`);
}

function put(pitch, goesOn) {
  const start = caret.step;
  const end = Math.min(start + drawing.grid, state.work.tune.steps);
  setTune(placed(state.work.tune, { start, end, pitch }));
  caret.pitch = pitch;
  touch(pitch, state.sound.voice);
  tellPlace("New: ");
  if (goesOn && end < state.work.tune.steps) caret.step = end;
}

// The pitch of this letter that is nearest to the one before; as the key has it.
function byLetter(letter) {
  const { pitches } = geometry;
  const own = pitchClass(letter.toUpperCase());
  const near = pitches.filter((pitch) => pitch % 12 === own && !isBlack(pitch));
  near.sort((a, b) => Math.abs(a - caret.pitch) - Math.abs(b - caret.pitch));
  if (near.length) put(near[0], true);
}

function remove() {
  const note = here();
  const all = selectedNotes();
  if (all.length > 1 && (!note || isSelected(note))) {
    setTune(all.reduce(erased, state.work.tune));
    sayErased(all.length);
  } else if (note) {
    setTune(erased(state.work.tune, note));
    tellPlace("Erased. ");
  }
}

function lengthen(steps) {
  const note = here();
  if (note) become(note, { end: note.end + steps });
}

function shift(steps) {
  if (areMeant()) return moveAll({ steps });
  const note = here();
  return note && become(note, { start: note.start + steps, end: note.end + steps });
}

function sideways(event, way) {
  if (event.shiftKey) lengthen(way);
  else if (event.altKey) shift(way);
  else if (event.ctrlKey || event.metaKey) goToNote(way);
  else go(caret.step + way);
}

function pressed(event) {
  const { key } = event;
  const octave = event.ctrlKey || event.metaKey || event.shiftKey;
  const plain = !(event.ctrlKey || event.metaKey || event.altKey);
  if (key === "ArrowLeft") sideways(event, -1);
  else if (key === "ArrowRight") sideways(event, 1);
  else if (key === "ArrowUp") raise(octave ? 12 : 1);
  else if (key === "ArrowDown") raise(octave ? -12 : -1);
  else if (key === "Home") go(barAt(caret.step).first);
  else if (key === "End") go(state.work.tune.steps - 1);
  else if (key === "PageUp") go(caret.step - meterOf(state.music.meter).steps);
  else if (key === "PageDown") go(caret.step + meterOf(state.music.meter).steps);
  else if (key === "Enter") put(caret.pitch, false);
  else if (key === "Delete" || key === "Backspace") remove();
  else if (plain && /^[a-g]$/i.test(key)) byLetter(key);
  else if (plain && key === "l") turnLock(barAt(caret.step).number);
  else if (plain && key === "s") choose();
  else if (plain && (key === "+" || key === "=")) zoom(1);
  else if (plain && key === "-") zoom(-1);
  else if (octave && key.toLowerCase() === "a") {
    select(state.work.tune.notes);
    saySelected();
  } else if (key === "Escape" && selectedNotes().length) {
    select([]);
    saySelected();
  }
  else return;
  event.preventDefault();
  event.stopPropagation();
  caret.isSeen = true;
  drawNotes();
  reveal(caret.pitch);
}

svg.addEventListener("keydown", pressed);
svg.addEventListener("focus", () => {
  if (!svg.matches(":focus-visible")) return;
  caret.isSeen = true;
  if (here()) caret.pitch = here().pitch;
  drawNotes();
});
