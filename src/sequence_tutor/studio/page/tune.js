// A tune: notes that do not overlap, on a grid of sixteenths, at the pitches at which they are heard.
// {steps, notes: [{start, end, pitch}]}; every function gives a new tune.

const OFF = 0;
const HOLD = 1;
const FIRST_NOTE = 2;
export const LOWEST = 48; // MIDI pitch of the first note's token
export const HIGHEST = 83;

export const emptyTune = (steps) => ({ steps, notes: [] });

// As the service reads tokens: 0 ends the note, 1 goes on, 2 is C3.
export function fromTokens(tokens, transpose = 0) {
  const notes = [];
  let sounding = null;
  const end = (step) => sounding && notes.push({ ...sounding, end: step });
  tokens.forEach((token, step) => {
    if (token === HOLD) return;
    end(step);
    sounding =
      token === OFF ? null : { start: step, pitch: token - FIRST_NOTE + LOWEST + transpose };
  });
  end(tokens.length);
  return { steps: tokens.length, notes };
}

export function toTokens(tune, transpose = 0) {
  const tokens = new Array(tune.steps).fill(HOLD);
  for (const note of tune.notes) {
    tokens[note.start] = note.pitch - transpose - LOWEST + FIRST_NOTE;
    if (note.end < tune.steps) tokens[note.end] = OFF; // the next note, if it starts here, comes after
  }
  return tokens;
}

const inOrder = (notes) => notes.sort((a, b) => a.start - b.start);

// The notes outside a span; those that reach into it are cut, and begin or end at its edge.
function without(notes, start, end) {
  return notes.flatMap((note) => {
    if (note.end <= start || note.start >= end) return [note];
    const rest = [];
    if (note.start < start) rest.push({ ...note, end: start });
    if (note.end > end) rest.push({ ...note, start: end });
    return rest;
  });
}

// A note takes the place of whatever sounds while it does. What it cuts short does not sound again after it.
export function placed(tune, note) {
  const start = Math.max(0, Math.min(note.start, tune.steps - 1));
  const end = Math.max(start + 1, Math.min(note.end, tune.steps));
  const others = tune.notes.flatMap((other) => {
    if (other.end <= start || other.start >= end) return [other];
    return other.start < start ? [{ ...other, end: start }] : [];
  });
  return { ...tune, notes: inOrder([...others, { start, end, pitch: note.pitch }]) };
}

export function erased(tune, note) {
  return { ...tune, notes: tune.notes.filter((other) => other.start !== note.start) };
}

// Several notes as far earlier or later, up or down, as all of them can go: {tune, notes, steps, semitones}.
export function movedTogether(tune, notes, { steps = 0, semitones = 0 }, [low, high]) {
  const between = (value, least, most) => Math.max(least, Math.min(value, most));
  const ends = (of) => [Math.min(...notes.map(of)), Math.max(...notes.map(of))];
  const first = ends((note) => note.start)[0];
  const last = ends((note) => note.end)[1];
  const [lowest, highest] = ends((note) => note.pitch);
  const far = between(steps, -first, tune.steps - last);
  const up = between(semitones, Math.min(0, low - lowest), Math.max(0, high - highest));
  const moved = notes.map(({ start, end, pitch }) => ({
    start: start + far,
    end: end + far,
    pitch: pitch + up,
  }));
  const rest = notes.reduce(erased, tune);
  return { tune: moved.reduce(placed, rest), notes: moved, steps: far, semitones: up };
}

export const noteAt = (tune, step) =>
  tune.notes.find((note) => note.start <= step && step < note.end) || null;

// The tune with some of its steps as in another one; what is held across an edge ends there.
export function withSpan(tune, other, first, last) {
  const cut = other.notes
    .filter((note) => note.end > first && note.start < last)
    .map((note) => ({
      ...note,
      start: Math.max(note.start, first),
      end: Math.min(note.end, last, tune.steps),
    }));
  return { ...tune, notes: inOrder([...without(tune.notes, first, last), ...cut]) };
}

// Longer or shorter: notes beyond the end are gone.
export function withSteps(tune, steps) {
  const kept = tune.notes.filter((note) => note.start < steps);
  return { steps, notes: kept.map((note) => ({ ...note, end: Math.min(note.end, steps) })) };
}

export const sameTune = (one, other) =>
  one.steps === other.steps &&
  one.notes.length === other.notes.length &&
  one.notes.every((note, place) => {
    const twin = other.notes[place];
    return note.start === twin.start && note.end === twin.end && note.pitch === twin.pitch;
  });

// First step of each bar and the step after its last; an upbeat is a bar of its own, numbered 0.
export function barsOf(steps, barSteps, upbeat = 0) {
  const bars = upbeat ? [{ number: 0, first: 0, last: Math.min(upbeat, steps) }] : [];
  for (let first = upbeat, number = 1; first < steps; first += barSteps, number += 1) {
    bars.push({ number, first, last: Math.min(first + barSteps, steps) });
  }
  return bars;
}

// Sixteenths of a bar, and of its beats: eighths go in threes, else in twos, as in the service.
export function meterOf(text) {
  const [numerator, denominator] = (/^\d{1,2}\/\d{1,2}$/.test(text) ? text : "4/4")
    .split("/")
    .map(Number);
  const unit = 16 / denominator;
  const steps = numerator * unit;
  let beat = 4;
  if (denominator > 4) beat = numerator % 3 === 0 ? 3 * unit : 2 * unit;
  return { steps: Number.isInteger(steps) && steps > 0 ? steps : 16, beat: Math.max(1, beat) };
}
