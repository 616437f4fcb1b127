// Chord symbols bar by bar, as the service reads them, and the notes they sound with.

import { pitchClass } from "./pitches.js";

// Semitones above the root.
export const QUALITIES = {
  "": [0, 4, 7],
  m: [0, 3, 7],
  7: [0, 4, 7, 10],
  maj7: [0, 4, 7, 11],
  m7: [0, 3, 7, 10],
  mmaj7: [0, 3, 7, 11],
  m7b5: [0, 3, 6, 10],
  dim: [0, 3, 6],
  dim7: [0, 3, 6, 9],
  aug: [0, 4, 8],
  aug7: [0, 4, 8, 10],
  sus4: [0, 5, 7],
  sus2: [0, 2, 7],
  "7sus4": [0, 5, 7, 10],
  6: [0, 4, 7, 9],
  m6: [0, 3, 7, 9],
  9: [0, 4, 7, 10, 2],
  maj9: [0, 4, 7, 11, 2],
  m9: [0, 3, 7, 10, 2],
  add9: [0, 4, 7, 2],
  "7b9": [0, 4, 7, 10, 1],
  13: [0, 4, 7, 10, 2, 9],
  5: [0, 7],
};
const SAME = { maj: "", M: "", min: "m", "-": "m", M7: "maj7", Maj7: "maj7", "-7": "m7", min7: "m7" };
Object.assign(SAME, { ø: "m7b5", o: "dim", "°": "dim", "+": "aug", sus: "sus4", "7sus": "7sus4" });

const BASS = 36; // C2, lowest of the bass, and E3 of the other chord tones
const VOICING = 52;
const MOST = 64;

// {pitches} of a symbol; null: no chord is known by it, or none is to sound.
export function chordOf(symbol) {
  const text = symbol.replace("♯", "#").replace("♭", "b");
  const match = /^([A-G][#b]?)([^/\s]*)(?:\/([A-G][#b]?))?$/.exec(text);
  if (!match) return null;
  const quality = SAME[match[2]] ?? match[2];
  if (!Object.hasOwn(QUALITIES, quality)) return null;
  const root = pitchClass(match[1]);
  const low = match[3] ? pitchClass(match[3]) : root;
  const above = QUALITIES[quality].map((up) => VOICING + ((root + up + 12 - (VOICING % 12)) % 12));
  return { pitches: [BASS + low, ...above.sort((a, b) => a - b)] };
}

export const isNone = (symbol) => ["", "N.C.", "NC"].includes(symbol.toUpperCase());

// "Dm7 | G7 | %" as one text a bar.
export const readProgression = (text) =>
  (text || "")
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((bar) => bar.trim())
    .filter((bar, _, all) => bar || all.length > 1)
    .slice(0, MOST);

// What the service is told; "" if there are none.
export function writeProgression(chords, count) {
  const bars = Array.from({ length: count }, (_, place) => (chords[place] || "").trim());
  return bars.some((bar) => !isNone(bar)) ? bars.map((bar) => bar || "N.C.").join(" | ") : "";
}

// The symbols of a bar that are none that is known; "/" and "%" repeat what was before.
export const unknownIn = (bar) =>
  bar
    .split(/\s+/)
    .filter((symbol) => symbol && !["/", "%"].includes(symbol))
    .filter((symbol) => !isNone(symbol) && !chordOf(symbol));

// When each chord sounds: [{first, last, pitches}].
export function chordSpans(chords, bars) {
  const spans = [];
  let symbols = [];
  let last = "";
  for (const bar of bars.filter((one) => one.number > 0)) {
    const own = (chords[bar.number - 1] || "").split(/\s+/).filter(Boolean);
    if (!(own.length === 1 && own[0] === "%")) {
      symbols = own.map((symbol) => (last = symbol === "/" ? last : symbol));
    }
    const share = (bar.last - bar.first) / (symbols.length || 1);
    symbols.forEach((symbol, place) => {
      const chord = chordOf(symbol);
      const first = bar.first + Math.floor(place * share);
      const goesOn = place > 0 && symbols[place - 1] === symbol;
      if (goesOn && spans.length) spans.at(-1).last = bar.first + Math.floor((place + 1) * share);
      else if (chord) spans.push({ first, last: first + Math.floor(share), pitches: chord.pitches });
    });
  }
  return spans;
}
