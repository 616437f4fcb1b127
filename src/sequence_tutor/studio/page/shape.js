// What comes from a link or from the browser's storage may be damaged: it is brought into shape, piece by
// piece, and what cannot be is left as it was.

import { DOMAINS, freshState, freshWork } from "./state.js";
import { HIGHEST, LOWEST, meterOf } from "./tune.js";

const MOST_STEPS = 1024;
const MOST_TEXT = 4000;
const SOME = 64;

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const number = (value, low, high, usual) =>
  Number.isFinite(value) ? Math.max(low, Math.min(value, high)) : usual;
const whole = (value, low, high, usual) => Math.round(number(value, low, high, usual));
const text = (value, usual = "", most = 200) =>
  typeof value === "string" ? value.slice(0, most) : usual;
const oneOf = (value, all, usual) => (all.includes(value) ? value : usual);
const list = (value, most = SOME) => (Array.isArray(value) ? value.slice(0, most) : []);

export function tune(value) {
  if (!isObject(value)) return null;
  const steps = whole(value.steps, 1, MOST_STEPS, 0);
  if (!steps) return null;
  let free = 0; // notes that overlap are left out
  const notes = list(value.notes, steps).flatMap((note) => {
    const { start, end, pitch } = isObject(note) ? note : {};
    const fits = [start, end, pitch].every(Number.isInteger);
    if (!fits || start < free || end <= start || end > steps || pitch < 0 || pitch > 127) return [];
    free = end;
    return [{ start, end, pitch }];
  });
  return { steps, notes };
}

function work(value, bars, meter) {
  const fresh = freshWork(bars, meterOf(meter).steps);
  if (!isObject(value)) return fresh;
  return {
    tune: tune(value.tune) || fresh.tune,
    other: tune(value.other),
    side: oneOf(value.side, ["now", "before"], "now"),
    locks: list(value.locks).map((lock) => oneOf(lock, ["", "all", "rhythm", "pitches"], "")),
    chords: list(value.chords).map((chord) => text(chord, "", 60)),
    upbeat: whole(value.upbeat, 0, meterOf(meter).steps - 1, 0),
  };
}

function aim(value) {
  if (!isObject(value) || !text(value.row)) return [];
  return [
    {
      row: text(value.row),
      sign: oneOf(value.sign, [">=", "<=", ".."], ">="),
      value: number(value.value, -1e9, 1e9, 0),
      upper: number(value.upper, -1e9, 1e9, 0),
      percent: value.percent === true,
    },
  ];
}

export const numbers = (value) =>
  Object.fromEntries(
    Object.entries(isObject(value) ? value : {})
      .filter(([, one]) => Number.isFinite(one))
      .slice(0, 100),
  );

function dials(value, fresh) {
  if (!isObject(value)) return fresh;
  return {
    model: text(value.model),
    strength: number(value.strength, 0, 2, 1),
    variety: number(value.variety, 0.5, 2, 1),
    weights: isObject(value.weights) ? numbers(value.weights) : null,
    aims: list(value.aims).flatMap(aim),
    count: whole(value.count, 1, 16, 8),
    fragment: text(value.fragment),
    near: text(value.near),
  };
}

const flag = (value, usual) => (typeof value === "boolean" ? value : usual);

// A candidate: its tokens, its text and its account.
export function candidate(value) {
  if (!isObject(value)) return [];
  const tokens = list(value.tokens, MOST_STEPS).filter(Number.isInteger);
  const steps = Object.entries(isObject(value.steps) ? value.steps : {}).slice(0, 100);
  const properties = Object.entries(isObject(value.properties) ? value.properties : {});
  return [
    {
      id: text(value.id) || `c${Math.random().toString(36).slice(2)}`,
      rank: whole(value.rank, 1, 999, 1),
      tokens,
      transpose: whole(value.transpose, LOWEST - HIGHEST, HIGHEST - LOWEST, 0),
      upbeat: whole(value.upbeat, 0, SOME, 0),
      reward: Number.isFinite(value.reward) ? value.reward : null,
      paid: numbers(value.paid),
      steps: Object.fromEntries(
        steps.map(([name, paid]) => [name, list(paid, MOST_STEPS).map((one) => Number(one) || 0)]),
      ),
      log_prior_per_token: number(value.log_prior_per_token, -1e6, 1e6, null),
      text: text(value.text, "", MOST_TEXT),
      svg: text(value.svg, "", 200_000),
      properties: Object.fromEntries(
        properties
          .filter(([, one]) => ["number", "string", "boolean"].includes(typeof one))
          .slice(0, 40),
      ),
    },
  ];
}

// A whole state; whatever is missing or damaged is as at the first visit.
export function shaped(value) {
  const fresh = freshState();
  if (!isObject(value)) return fresh;
  const music = isObject(value.music) ? value.music : {};
  const sound = isObject(value.sound) ? value.sound : {};
  const bars = whole(music.bars, 1, SOME, fresh.music.bars);
  const meter = /^\d{1,2}\/(1|2|4|8|16)$/.test(music.meter) ? music.meter : "4/4";
  const own = (name) => list(value.candidates?.[name], 32).flatMap(candidate);
  return {
    domain: oneOf(value.domain, DOMAINS, "melody"),
    dials: Object.fromEntries(
      DOMAINS.map((name) => [name, dials(value.dials?.[name], fresh.dials[name])]),
    ),
    music: {
      ...{ bars, meter, key: /^[A-G][#b]?m?$/.test(music.key) ? music.key : "C", scale: text(music.scale, "", 30) },
      ...{ range: text(music.range, "", 40), form: text(music.form, "", 60) },
      tempo: number(music.tempo, 20, 300, fresh.music.tempo),
      vary: Number.isFinite(music.vary) ? number(music.vary, 0, 1, null) : null,
      transpose: whole(music.transpose, -48, 44, 0),
    },
    sound: {
      ...{ voice: text(sound.voice, "strings", 20), loop: flag(sound.loop, false) },
      ...{ chords: flag(sound.chords, true), first: flag(sound.first, true) },
      account: flag(sound.account, true),
      rows: oneOf(sound.rows, [1, 1.5, 2, 3], 1),
    },
    work: work(value.work, bars, meter),
    seed: Number.isInteger(value.seed) ? value.seed : null,
    candidates: Object.fromEntries(DOMAINS.map((name) => [name, own(name)])),
  };
}
