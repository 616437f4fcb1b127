// One thing sounds at a time. All of its notes are given to the sound's own clock in advance, so that
// it stays in time whatever the page does; what changes meanwhile is given anew from where it is.

import { stepwise } from "./dom.js";
import { audio, prepare, sound } from "./sound.js";
import { state } from "./state.js";

const AHEAD = 0.06; // seconds from a press to the first note
const LAST = 0.5; // seconds that the room rings

let playing = null; // {id, tune, chords, began, offset, step, silence: [...], next}
const followers = new Set();
let wanted = null; // when Write was pressed: the time to the first sound is measured

// Hear of every change: {id, step}; step is null when it stops.
export function follow(heard) {
  followers.add(heard);
  return () => followers.delete(heard);
}

const tellAll = (id, step) => followers.forEach((heard) => heard(id, step));

const stepSeconds = () => 60 / state.music.tempo / 4;

export const soundingId = () => (playing ? playing.id : null);

function silence() {
  for (const end of playing.silence) end();
  playing.silence = [];
}

// All notes of one round, from a step on; `began` is when step 0 was, or would have been.
function schedule(began, from) {
  const { tune, chords } = playing;
  const step = stepSeconds();
  const { voice } = state.sound;
  const give = (note, pitch, quiet) => {
    if (note.end <= from) return;
    const start = began + Math.max(note.start, from) * step;
    playing.silence.push(sound(pitch, start, began + note.end * step, { voice, quiet }));
  };
  for (const note of tune.notes) give(note, note.pitch, false);
  if (!state.sound.chords) return;
  for (const { first, last, pitches } of chords) {
    for (const pitch of pitches) give({ start: first, end: last }, pitch, true);
  }
}

export function play(id, tune, chords = [], from = 0) {
  const clock = audio();
  stop();
  prepare(
    [...tune.notes.map((note) => note.pitch), ...chords.flatMap((chord) => chord.pitches)],
    state.sound.voice,
  );
  const began = clock.currentTime + AHEAD - from * stepSeconds();
  playing = { id, tune, chords, began, seconds: stepSeconds(), silence: [], next: null };
  schedule(began, from);
  measure(clock, tune, began, from);
  tellAll(id, from);
  requestAnimationFrame(move);
  playing.timer = setInterval(beat, 200); // frames stop in a tab that is not seen
}

export function stop() {
  if (!playing) return;
  silence();
  clearInterval(playing.timer);
  const { id } = playing;
  playing = null;
  tellAll(id, null);
}

// Pressed again, it stops.
export function toggle(id, tune, chords, from) {
  if (playing && playing.id === id) stop();
  else play(id, tune, chords, from);
}

// Step that sounds now; null: nothing does.
export function position() {
  if (!playing) return null;
  const clock = audio();
  const late = clock.outputLatency || clock.baseLatency || 0;
  return (clock.currentTime - late - playing.began) / playing.seconds;
}

// Other notes, another tempo or sound while it plays: from the step that is reached.
export function changeTo(id, tune, chords) {
  if (!playing || playing.id !== id) return;
  const clock = audio();
  const reached = (clock.currentTime - playing.began) / playing.seconds;
  silence();
  prepare(tune.notes.map((note) => note.pitch), state.sound.voice);
  Object.assign(playing, { tune, chords, next: null, seconds: stepSeconds() });
  playing.began = clock.currentTime - reached * playing.seconds;
  schedule(playing.began, Math.max(0, Math.ceil(reached + 0.01)));
}

function beat() {
  if (!playing) return;
  const now = audio().currentTime;
  const end = playing.began + playing.tune.steps * playing.seconds;
  if (state.sound.loop) {
    if (playing.next === null && end - now < 1.2) {
      playing.next = end;
      schedule(end, 0);
    }
    if (playing.next !== null && now >= playing.next) {
      playing.began = playing.next;
      playing.next = null;
    }
  } else if (now > end + LAST || (playing.next === null && now > end)) {
    finish(now, end);
  }
}

function finish(now, end) {
  if (now < end) return;
  playing.silence = []; // the last note rings on
  stop();
}

function move() {
  if (!playing) return;
  const at = position();
  const step = Math.max(0, Math.min(at, playing.tune.steps));
  tellAll(playing.id, stepwise.matches ? Math.floor(step / 4) * 4 : step);
  requestAnimationFrame(move);
}

// From here on the time to the first sound counts; see `measure`.
export function expectSound() {
  wanted = performance.now();
}

// When the first note leaves the loudspeaker, by the clocks of sound and page, as `write-to-sound`.
function measure(clock, tune, began, from) {
  if (wanted === null) return;
  const first = tune.notes.find((note) => note.end > from);
  const { contextTime = 0, performanceTime = 0 } = clock.getOutputTimestamp();
  const start = began + Math.max(first ? first.start : 0, from) * stepSeconds();
  const end = performanceTime + (start - contextTime) * 1000;
  performance.measure("write-to-sound", { start: wanted, end: Math.max(end, performance.now()) });
  wanted = null;
}
