// What the page knows and remembers. Each part of the page changes it by `change`, and hears of
// changes by `on`; everything here survives a reload, and the link restores it.

import { emptyTune } from "./tune.js";

export const DOMAINS = ["melody", "molecule", "text"];

// How strongly, and toward what, a domain's model is steered.
const freshDials = () => ({
  model: "",
  strength: 1,
  variety: 1,
  weights: null, // null: the model's own
  aims: [], // {row, sign: ">=" | "<=" | "..", value, upper, percent}
  count: 8,
  fragment: "",
  near: "",
});

export const freshWork = (bars = 8, barSteps = 16) => ({
  tune: emptyTune(bars * barSteps),
  other: null, // the tune of the other side of the comparison
  side: "now", // or "before"
  locks: [], // of each bar: "", "all", "rhythm", "pitches"
  chords: [], // of each bar, as text
  upbeat: 0,
});

export const freshState = () => ({
  domain: "melody",
  dials: Object.fromEntries(DOMAINS.map((domain) => [domain, freshDials()])),
  music: {
    key: "C", // as the service names it: "C", "Am"
    scale: "", // only these notes, from the tonic on; "": any
    meter: "4/4",
    tempo: 110,
    bars: 8,
    range: "",
    form: "",
    vary: null, // share that a variation changes
    transpose: 0, // semitones from the model's tokens to what is heard
  },
  sound: { voice: "strings", loop: false, chords: true, first: true, account: true, rows: 1 },
  work: freshWork(),
  seed: null,
  candidates: { melody: [], molecule: [], text: [] },
});

export const state = freshState();

// What the service said about itself; filled before anything is shown.
export const info = { models: [], melody: { rules: [], keys: [], scales: [], ranges: [], meters: [] } };

const listeners = new Map();

export function on(names, heard) {
  for (const name of names.split(" ")) {
    if (!listeners.has(name)) listeners.set(name, []);
    listeners.get(name).push(heard);
  }
}

export function tell(name, detail) {
  for (const heard of listeners.get(name) || []) heard(detail);
  if (name !== "any") for (const heard of listeners.get("any") || []) heard(name);
}

// Change a part of the state, and tell everyone.
export function change(name, part, values) {
  Object.assign(part, values);
  tell(name);
}

export const dials = () => state.dials[state.domain];

export const modelsOf = (domain) => info.models.filter((model) => model.domain === domain);

export const modelNow = () => {
  const own = modelsOf(state.domain);
  return (
    own.find((model) => model.id === dials().model) ||
    own.find((model) => model.default) ||
    own[0] ||
    null
  );
};
