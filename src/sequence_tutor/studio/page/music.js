// Key, scale, meter, tempo, length, range, form and variation: what the melody is to be.

import { byId, make } from "./dom.js";
import { slider } from "./slider.js";
import { moveTo, tonicOf } from "./pitches.js";
import { change, info, modelNow, modelsOf, on, state, tell } from "./state.js";
import { HIGHEST, LOWEST } from "./tune.js";
import { setLength } from "./work.js";

const MAJORS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const MINORS = ["Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm"];
const FIELDS = ["key", "scale", "meter", "tempo", "bars", "range", "form"];

const keyShown = (name) =>
  `${tonicOf(name).replace("#", "♯").replace("b", "♭")} ${name.endsWith("m") ? "minor" : "major"}`;
const shown = (id, name) => (id === "key" ? keyShown(name) : name);

function options(id, values, first = null) {
  const select = byId(id);
  const made = values.map((value) => make("option", { value, text: shown(id, value) }));
  if (first !== null) made.unshift(make("option", { value: "", text: first }));
  select.replaceChildren(...made);
}

// A value from a file or link that the list lacks is added to it.
function select(id, value) {
  const field = byId(id);
  if (value && ![...field.options].some((option) => option.value === value)) {
    field.append(make("option", { value, text: shown(id, value) }));
  }
  field.value = value;
}

function fill() {
  const own = info.melody;
  options("key", [...MAJORS, ...MINORS]);
  options("scale", own.scales || [], "any");
  options("meter", own.meters?.length ? own.meters : ["4/4", "3/4", "6/8", "2/4"]);
  byId("ranges").replaceChildren(...(own.ranges || []).map((value) => make("option", { value })));
  byId("bars").max = info.limits?.bars || 16;
}

function show() {
  const { music } = state;
  for (const name of ["key", "scale", "meter"]) select(name, music[name]);
  for (const name of ["tempo", "bars", "range", "form"]) {
    if (document.activeElement !== byId(name)) byId(name).value = music[name];
  }
}

const VARIED = {
  name: "vary",
  title: "Vary the tune",
  help: "The share of what is not kept that is to sound otherwise than now. At 0 it is written anew.",
  ...{ low: 0, high: 0.9, step: 0.05, usual: 0 },
  said: (value) => (value ? `${Math.round(100 * value)} %` : "off"),
};

function showVaried() {
  const value = state.music.vary ?? 0;
  const moved = (now) => change("music", state.music, { vary: now || null });
  byId("varied").replaceChildren(slider({ ...VARIED, value, moved }));
}

function bounded(field, usual) {
  const value = field.valueAsNumber;
  const low = Number(field.min);
  const high = Number(field.max);
  const kept = Number.isFinite(value) ? Math.max(low, Math.min(Math.round(value), high)) : usual;
  field.value = kept;
  return kept;
}

// The model is moved to the key by semitones, and by octaves as far as the tune in the roll needs.
export function moveModel() {
  const up = moveTo(state.music, modelsOf("melody").find(({ id }) => id === modelNow()?.id)?.key);
  const pitches = state.work.tune.notes.map((note) => note.pitch);
  const fits = (by) => pitches.every((pitch) => pitch - by >= LOWEST && pitch - by <= HIGHEST);
  const transpose = [up, up - 12, up + 12].find(fits) ?? up;
  change("music", state.music, { transpose });
}

function changed(event) {
  const field = event.target;
  const name = field.id;
  if (!FIELDS.includes(name)) return;
  if (name === "bars") setLength(bounded(field, state.music.bars), state.music.meter);
  else if (name === "meter") setLength(state.music.bars, field.value);
  else if (name === "tempo") {
    change("music", state.music, { tempo: bounded(field, state.music.tempo) });
    tell("sound"); // what sounds follows
  } else {
    change("music", state.music, { [name]: field.value });
    if (name === "key" || name === "scale") moveModel();
  }
}

export function wireMusic() {
  fill();
  byId("music-panel").addEventListener("change", changed);
  on("music", show);
  on("restored", () => {
    show();
    showVaried();
  });
  show();
  showVaried();
}
