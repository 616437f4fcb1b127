// Several notes of the roll that are moved or erased as one. They are known by where they begin.

import { speak } from "./dom.js";
import { on, state } from "./state.js";

const starts = new Set();

export const isSelected = (note) => note !== null && starts.has(note.start);

export const selectedNotes = () => state.work.tune.notes.filter(isSelected);

const counted = (count) => (count === 1 ? "1 note" : `${count} notes`);

export const saySelected = () =>
  speak(starts.size ? `${counted(starts.size)} selected` : "nothing is selected");

export function select(notes) {
  starts.clear();
  for (const note of notes) starts.add(note.start);
}

export function turnSelected(note) {
  if (!starts.delete(note.start)) starts.add(note.start);
}

// Notes that touch a span of steps and of pitches.
export const within = (from, to) =>
  state.work.tune.notes.filter(
    (note) =>
      note.end > Math.min(from.step, to.step) &&
      note.start < Math.max(from.step, to.step) &&
      note.pitch >= Math.min(from.pitch, to.pitch) &&
      note.pitch <= Math.max(from.pitch, to.pitch),
  );

// What was done to them, said aloud.
export function sayMoved(count, steps, semitones) {
  const ways = [];
  const far = (number, one) => `${Math.abs(number)} ${one}${Math.abs(number) === 1 ? "" : "s"}`;
  if (steps) ways.push(`${far(steps, "sixteenth")} ${steps > 0 ? "later" : "earlier"}`);
  if (semitones) ways.push(`${far(semitones, "semitone")} ${semitones > 0 ? "up" : "down"}`);
  speak(ways.length ? `${counted(count)} moved ${ways.join(" and ")}` : "They cannot move further");
}

export const sayErased = (count) => speak(`${counted(count)} erased`);

// Notes that are gone are not selected any more.
on("work", () => {
  const there = new Set(state.work.tune.notes.map((note) => note.start));
  for (const start of starts) if (!there.has(start)) starts.delete(start);
});
