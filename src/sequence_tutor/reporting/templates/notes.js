"use strict";
// Tokens as notes, and notes as a MIDI file.

/** Notes: first step, step after the last, MIDI pitch. */
function notesOf(tokens, { hold, note_off: off, first_note: first, lowest_pitch: lowest }) {
  const notes = [];
  let sounding = null;
  tokens.forEach((token, step) => {
    if (token === hold) return;
    if (sounding) sounding.end = step;
    sounding = token === off ? null : { start: step, end: tokens.length, pitch: lowest + token - first };
    if (sounding) notes.push(sounding);
  });
  return notes;
}

const TICKS = 480; // of a quarter

/** Bytes of a standard MIDI file with one track. */
function midiBytes(notes, steps, { tempo, stepsPerQuarter, meter }) {
  const events = []; // [tick, order at a tick, bytes]
  const microseconds = Math.round(6e7 / tempo);
  const ticks = TICKS / stepsPerQuarter;
  const [beats, unit] = meter.split("/").map(Number);
  events.push([0, 0, [0xff, 0x51, 3, ...[16, 8, 0].map((by) => (microseconds >> by) & 255)]]);
  events.push([0, 0, [0xff, 0x58, 4, beats, Math.round(Math.log2(unit)), 24, 8]]);
  for (const { start, end, pitch } of notes) {
    events.push([start * ticks, 2, [0x90, pitch, 88]], [end * ticks, 1, [0x80, pitch, 0]]);
  }
  events.push([steps * ticks, 3, [0xff, 0x2f, 0]]);
  events.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  let now = 0;
  const track = events.flatMap(([tick, , bytes]) => {
    const since = tick - now;
    now = tick;
    return [...variableLength(since), ...bytes];
  });
  const long = (number) => [24, 16, 8, 0].map((by) => (number >> by) & 255);
  const letters = (text) => [...text].map((one) => one.charCodeAt(0));
  const head = [...letters("MThd"), ...long(6), 0, 0, 0, 1, TICKS >> 8, TICKS & 255];
  return Uint8Array.from([...head, ...letters("MTrk"), ...long(track.length), ...track]);
}

/** Seven bits a byte, the most significant first; all but the last byte have the highest bit. */
function variableLength(number) {
  const bytes = [number & 127];
  for (let left = number >> 7; left; left >>= 7) bytes.unshift((left & 127) | 128);
  return bytes;
}
