// Names of pitches, and the notes of a scale.

const NATURALS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const SHARPS = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const FLATS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];

// Semitones above the tonic; the melodic minor is the ascending one.
export const SCALES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  natural_minor: [0, 2, 3, 5, 7, 8, 10],
  harmonic_minor: [0, 2, 3, 5, 7, 8, 11],
  melodic_minor: [0, 2, 3, 5, 7, 9, 11],
  ionian: [0, 2, 4, 5, 7, 9, 11],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
  lydian: [0, 2, 4, 6, 7, 9, 11],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  aeolian: [0, 2, 3, 5, 7, 8, 10],
  locrian: [0, 1, 3, 5, 6, 8, 10],
  major_pentatonic: [0, 2, 4, 7, 9],
  minor_pentatonic: [0, 3, 5, 7, 10],
  blues: [0, 3, 5, 6, 7, 10],
};

// Semitones from each scale's tonic up to that of the major scale with the same signature.
const TO_MAJOR = {
  natural_minor: 3,
  harmonic_minor: 3,
  melodic_minor: 3,
  aeolian: 3,
  minor_pentatonic: 3,
  blues: 3,
  dorian: -2,
  phrygian: -4,
  lydian: -5,
  mixolydian: 5,
  locrian: 1,
};
const MAJORS_IN_FLATS = new Set([1, 3, 5, 8, 10]); // Db, Eb, F, Ab, Bb

const modulo = (number) => ((number % 12) + 12) % 12;

export function pitchClass(name) {
  const natural = NATURALS[name[0]];
  if (natural === undefined) return null;
  return modulo(natural + (name[1] === "#" ? 1 : name[1] === "b" ? 11 : 0));
}

export const isBlack = (pitch) => [1, 3, 6, 8, 10].includes(modulo(pitch));

export const tonicOf = (key) => key.replace(/m$/, "") || "C";

// The scale that a key and a choice of notes stand for: "Em" and "" are E natural minor.
export function scaleOf({ key, scale }) {
  return (scale || (key.endsWith("m") ? "natural minor" : "major")).replaceAll(" ", "_");
}

// Pitch class of the major key with the same signature.
export const majorOf = (music) =>
  modulo(pitchClass(tonicOf(music.key)) + (TO_MAJOR[scaleOf(music)] || 0));

function usesFlats(music) {
  const accidental = tonicOf(music.key)[1];
  return accidental === "b" || (accidental !== "#" && MAJORS_IN_FLATS.has(majorOf(music)));
}

// C4 is middle C, MIDI pitch 60.
export function pitchName(pitch, music) {
  const names = usesFlats(music) ? FLATS : SHARPS;
  const name = names[modulo(pitch)].replace("#", "♯").replace("b", "♭");
  return `${name}${Math.floor(pitch / 12) - 1}`;
}

// Pitch classes of the scale, and the tonic's.
export function scaleNotes(music) {
  const tonic = pitchClass(tonicOf(music.key));
  const steps = SCALES[scaleOf(music)] || SCALES.major;
  return { tonic, notes: new Set(steps.map((semitones) => modulo(tonic + semitones))) };
}

// How far a model's tokens are to be moved to sound in a key, the nearer way: -5 to 6 semitones.
export function moveTo(music, modelKey) {
  const match = /^([A-G][#b]?)(m?)(?:\s+(.*))?$/.exec(modelKey || "C major");
  if (!match) return 0;
  const own = { key: match[1] + match[2], scale: match[3] === "minor" ? "natural minor" : match[3] };
  return modulo(majorOf(music) - majorOf({ ...own, scale: own.scale || "" }) + 5) - 5;
}

// "D dorian", "Em", "Bb major" as {key, scale}; a major or minor key limits no notes.
export function readKey(text) {
  const match = /^\s*([A-G][#b]?)(m(?![a-z]))?\s*(.*)$/.exec(text || "");
  if (!match) return {};
  const named = match[3].trim().toLowerCase().replace(/[\s_-]+/g, " ");
  const isMinor = match[2] || ["minor", "natural minor", "aeolian"].includes(named);
  const isPlain = isMinor || ["", "major", "ionian"].includes(named);
  const isKnown = Object.hasOwn(SCALES, named.replaceAll(" ", "_"));
  return { key: match[1] + (isMinor ? "m" : ""), scale: isPlain || !isKnown ? "" : named };
}

const LENGTHS = {
  1: "sixteenth",
  2: "eighth",
  3: "dotted eighth",
  4: "quarter",
  6: "dotted quarter",
  8: "half",
  12: "dotted half",
  16: "whole",
};

export const lengthName = (steps) => LENGTHS[steps] || `${steps} sixteenths`;
