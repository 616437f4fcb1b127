// The tune that is worked on, its bars, locks and chords, with undo and redo.

import { freshWork, on, state, tell } from "./state.js";
import { barsOf, meterOf, sameTune, withSpan, withSteps } from "./tune.js";

const MOST = 200; // steps that can be undone

const past = [];
const future = [];

function copy() {
  const { bars: count, meter, transpose } = state.music;
  return structuredClone({ work: state.work, bars: count, meter, transpose });
}

function restore(saved) {
  state.work = saved.work;
  Object.assign(state.music, { bars: saved.bars, meter: saved.meter, transpose: saved.transpose });
  tell("work");
  tell("music");
}

// Everything done inside is undone at once.
export function edit(work) {
  past.push(copy());
  if (past.length > MOST) past.shift();
  future.length = 0;
  work(state.work);
  tell("work");
}

// A drag is one edit, however many moves it has.
let before = null;
export function beginDrag() {
  before = copy();
}
export function drag(tune) {
  state.work.tune = tune;
  tell("work");
}
export function endDrag() {
  if (before && !sameTune(before.work.tune, state.work.tune)) {
    past.push(before);
    future.length = 0;
  }
  before = null;
  tell("work");
}

export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;

export function undo() {
  if (!past.length) return;
  future.push(copy());
  restore(past.pop());
}

export function redo() {
  if (!future.length) return;
  past.push(copy());
  restore(future.pop());
}

export const setTune = (tune) => edit((work) => (work.tune = tune));

export const bars = () =>
  barsOf(state.work.tune.steps, meterOf(state.music.meter).steps, state.work.upbeat);

const LOCKS = ["", "all", "rhythm", "pitches"];

export function turnLock(number) {
  const now = state.work.locks[number] || "";
  setLock(number, LOCKS[(LOCKS.indexOf(now) + 1) % LOCKS.length]);
}

const LONGEST = 64; // bars

// In an array without gaps, so that it is the same after a reload.
const withPlace = (list, place, text) =>
  Array.from({ length: Math.min(Math.max(list.length, place + 1), LONGEST) }, (_, at) =>
    at === place ? text : list[at] || "",
  );

export const setLock = (number, lock) =>
  edit((work) => (work.locks = withPlace(work.locks, number, lock)));

export const freeAll = () => edit((work) => (work.locks = []));

export const setChord = (number, text) => edit((work) => (work.chords = withPlace(work.chords, number - 1, text)));

// The bars that are kept, neighbours together: [{lock, first, last}].
function keptRuns() {
  const runs = [];
  for (const { number } of bars()) {
    const lock = state.work.locks[number] || "";
    const run = runs.at(-1);
    if (run && run.lock === lock && run.last === number - 1) run.last = number;
    else runs.push({ lock, first: number, last: number });
  }
  return runs.filter(({ lock }) => lock);
}

// What the service is told: "1-2, 5 rhythm".
export const keepText = () =>
  keptRuns()
    .map(({ lock, first, last }) => {
      const span = first === last ? `${first}` : `${first}-${last}`;
      return lock === "all" ? span : `${span} ${lock}`;
    })
    .join(", ");

// The same for people: "bars 1 to 2 and the rhythm of bar 5".
export function keepWords() {
  const said = keptRuns().map(({ lock, first, last }) => {
    const span = first === last ? `bar ${first}` : `bars ${first} to ${last}`;
    return lock === "all" ? span : `the ${lock} of ${span}`;
  });
  const end = said.pop();
  return said.length ? `${said.join(", ")} and ${end}` : end;
}

// The settings follow a tune of another length.
function fitBars({ tune, upbeat }) {
  const own = meterOf(state.music.meter).steps;
  state.music.bars = Math.max(1, Math.ceil((tune.steps - upbeat) / own));
}

// A tune takes the place of the one in the roll, which stays for comparison.
export function replaceTune(tune, { transpose, upbeat, meter = state.music.meter }) {
  edit((work) => {
    Object.assign(state.music, { transpose, meter });
    work.upbeat = upbeat;
    if (work.tune.notes.length) work.other = work.tune;
    work.side = "now";
    work.tune = tune;
    fitBars(work);
  });
}

// The other side of the comparison; what sounds goes on there.
export function compare() {
  const { work } = state;
  if (!work.other) return;
  [work.tune, work.other] = [work.other, work.tune];
  work.side = work.side === "now" ? "before" : "now";
  fitBars(work);
  tell("work");
  tell("music");
}

// A bar of another tune comes into the roll and is kept from now on.
export function keepBar(tune, number) {
  const bar = bars().find((one) => one.number === number);
  if (!bar) return;
  edit((work) => {
    work.tune = withSpan(work.tune, tune, bar.first, bar.last);
    work.locks = withPlace(work.locks, number, "all");
  });
}

export function setLength(count, meter) {
  const own = meterOf(meter).steps;
  edit((work) => {
    work.tune = withSteps(work.tune, work.upbeat + count * own);
    if (work.other) work.other = withSteps(work.other, work.tune.steps);
    work.locks = work.locks.slice(0, count + 1);
    work.chords = work.chords.slice(0, count);
    Object.assign(state.music, { bars: count, meter });
  });
  tell("music");
}

export function clearWork() {
  const own = meterOf(state.music.meter).steps;
  edit((work) => {
    const other = work.tune.notes.length ? work.tune : null;
    Object.assign(work, freshWork(state.music.bars, own), { chords: work.chords, other });
  });
}

on("forget", () => {
  past.length = 0;
  future.length = 0;
});
