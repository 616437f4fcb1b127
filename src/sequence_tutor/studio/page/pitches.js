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

export function pitchClass(name) {
  const natural = NATURALS[name[0]];
  if (natural === undefined) return null;
  return (natural + (name[1] === "#" ? 1 : name[1] === "b" ? 11 : 0)) % 12;
}

export const isBlack = (pitch) => [1, 3, 6, 8, 10].includes(((pitch % 12) + 12) % 12);

const usesFlats = (key, scale) =>
  key[1] === "b" ||
  (key[1] !== "#" && MAJORS_IN_FLATS.has((pitchClass(key) + (TO_MAJOR[scale] || 0) + 12) % 12));

// C4 is middle C, MIDI pitch 60.
export function pitchName(pitch, key = "C", scale = "major") {
  const names = usesFlats(key, scale) ? FLATS : SHARPS;
  const name = names[((pitch % 12) + 12) % 12].replace("#", "♯").replace("b", "♭");
  return `${name}${Math.floor(pitch / 12) - 1}`;
}

// Pitch classes of a scale; null: of any.
export function scaleNotes(key, scale) {
  const tonic = pitchClass(key);
  const steps = SCALES[scale];
  return steps ? new Set(steps.map((semitones) => (tonic + semitones) % 12)) : null;
}

// "D dorian", "Em", "Bb major" as {key, scale}.
export function readKey(text) {
  const match = /^\s*([A-G][#b]?)(m(?![a-z]))?\s*(.*)$/.exec(text || "");
  if (!match) return { key: "", scale: "" };
  const named = match[3].trim().toLowerCase().replace(/[\s-]+/g, "_");
  const scale = match[2] || named === "minor" ? "natural_minor" : named;
  return { key: match[1], scale: SCALES[scale] ? scale : "" };
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
