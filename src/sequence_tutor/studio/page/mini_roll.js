// A tune as a small picture that plays when it is pressed, with a cursor while it sounds.

import { drawn, icon, make } from "./dom.js";
import { pitchName } from "./pitches.js";
import { follow, soundingId, toggle } from "./player.js";
import { state } from "./state.js";
import { barsOf, meterOf } from "./tune.js";
import { chordSpans } from "./chords.js";

const HEIGHT = 84;
const ROOM = 2; // semitones above and below

const cursors = new Map(); // id -> [element, steps, button]

follow((id, step) => {
  for (const [own, [line, steps, press]] of cursors) {
    if (!line.isConnected) {
      cursors.delete(own);
      continue;
    }
    const sounds = own === id && step !== null;
    press.classList.toggle("sounds", sounds);
    press.setAttribute("aria-pressed", sounds);
    if (sounds) line.setAttribute("transform", `translate(${Math.min(step, steps)})`);
  }
});

export const barsOfTune = (tune, upbeat = state.work.upbeat) =>
  barsOf(tune.steps, meterOf(state.music.meter).steps, upbeat);

export const chordsOf = (tune) => chordSpans(state.work.chords, barsOfTune(tune));

function picture(tune, kept) {
  const pitches = tune.notes.map((note) => note.pitch);
  const low = Math.min(...pitches, 60) - ROOM;
  const high = Math.max(...pitches, 72) + ROOM;
  const row = HEIGHT / (high - low + 1);
  const notes = tune.notes.map(({ start, end, pitch }) =>
    drawn("rect", {
      ...{ x: start + 0.1, width: end - start - 0.2, y: (high - pitch) * row, height: row },
      class: "note-small",
    }),
  );
  const bars = barsOfTune(tune);
  const lines = bars.map(({ first }) =>
    drawn("line", { x1: first, x2: first, y1: 0, y2: HEIGHT, class: "bar" }),
  );
  const locked = bars
    .filter((bar) => kept[bar.number])
    .map(({ first, last }) =>
      drawn("rect", { x: first, width: last - first, y: 0, height: HEIGHT, class: "kept" }),
    );
  const cursor = drawn("line", { x1: 0, x2: 0, y1: 0, y2: HEIGHT, class: "cursor" });
  const svg = drawn(
    "svg",
    {
      viewBox: `0 0 ${tune.steps} ${HEIGHT}`,
      preserveAspectRatio: "none",
      class: "mini",
      "aria-hidden": "true",
    },
    ...[...locked, ...lines, ...notes, cursor],
  );
  return [svg, cursor];
}

// For those who do not see it: how many notes, from where to where.
function words(tune) {
  const pitches = tune.notes.map((note) => note.pitch);
  if (!pitches.length) return "no notes";
  const name = (pitch) => pitchName(pitch, state.music);
  const many = `${pitches.length} note${pitches.length > 1 ? "s" : ""}`;
  return `${many}, ${name(Math.min(...pitches))} to ${name(Math.max(...pitches))}`;
}

// A button that plays the tune; `id` is unique on the page.
export function miniRoll(id, tune, title, kept = []) {
  const [svg, cursor] = picture(tune, kept);
  const press = make(
    "button",
    {
      type: "button",
      class: "mini-press",
      "data-sound": id,
      "aria-pressed": soundingId() === id,
      "aria-label": `Play ${title}: ${words(tune)}`,
      onclick: () => toggle(id, tune, chordsOf(tune)),
    },
    svg,
    make("span", { class: "mini-icon" }, icon("play"), icon("stop")),
  );
  press.classList.toggle("sounds", soundingId() === id);
  cursors.set(id, [cursor, tune.steps, press]);
  return press;
}
