// How strongly a model is steered, and what each rule counts.

import { button, byId, make } from "./dom.js";
import { slider } from "./slider.js";
import { change, dials, info, modelNow, on, state, tell } from "./state.js";

const POWERS = [
  [0, "as the model writes"],
  [1, "full"],
];

function powerSaid(value) {
  const known = POWERS.find(([at]) => at === value);
  if (known) return known[1];
  return value < 1 ? `${Math.round(value * 100)} %` : `${value.toFixed(2)} times`;
}

const varietySaid = (value) =>
  value === 1 ? "usual" : value < 1 ? `calmer, ${value.toFixed(2)}` : `wilder, ${value.toFixed(2)}`;

const AIMS = "aims"; // what a run is paid for all its aims together; it has no slider

// Terms of a run that only its own settings name: of text all of them.
function ownTerms(known) {
  const names = new Set([...known.map(({ name }) => name), AIMS]);
  return Object.entries(modelNow()?.weights || {})
    .filter(([name, weight]) => !names.has(name) && weight !== 0)
    .map(([name, weight]) => ({ name, low: Math.min(0, 2 * weight), high: Math.max(4, 2 * weight) }));
}

// The rules or terms of the domain that is shown, as sliders.
export function rulesNow() {
  const known = info[state.domain]?.rules || info[state.domain]?.terms || [];
  return [...known, ...ownTerms(known)].map((rule) => {
    const weight = modelNow()?.weights?.[rule.name] ?? (modelNow()?.tuned ? 0 : (rule.weight ?? 0));
    return {
      ...rule,
      title: rule.title || rule.name.replaceAll("_", " "),
      weight,
      low: Math.min(rule.low ?? 0, weight),
      high: Math.max(rule.high ?? 4, weight),
    };
  });
}

// What is asked for: of a tuned model that nothing was moved of, its own.
// Rules that need something that is not given are left out; `near`: a molecule to be similar to.
export function weightsNow(near = dials().near.trim()) {
  const { weights } = dials();
  if (weights === null && modelNow()?.tuned) return null;
  // 0 is said where the model would count the rule by itself
  const counts = (name) => modelNow()?.tuned && Boolean(modelNow().weights?.[name]);
  const all = Object.entries(weights || usualWeights()).filter(
    ([name, weight]) => weight !== 0 || counts(name),
  );
  const needs = {
    chords: state.work.chords.some(Boolean),
    form: state.music.form.trim() !== "",
    near: Boolean(near),
  };
  return Object.fromEntries(all.filter(([name]) => needs[name] ?? true));
}

const usualWeights = () => Object.fromEntries(rulesNow().map(({ name, weight }) => [name, weight]));

function setWeight(name, value) {
  const weights = { ...(dials().weights || usualWeights()), [name]: value };
  change("dials", dials(), { weights });
  byId("own-weights").hidden = false;
}

const weightSaid = (value) => (value === 0 ? "off" : Number(value).toFixed(2).replace(/\.?0+$/, ""));

function drawRules() {
  const weights = dials().weights || usualWeights();
  const made = rulesNow().map((rule) =>
    slider({
      ...rule,
      step: (rule.high - rule.low) / 80 || 0.05,
      value: weights[rule.name] ?? 0,
      usual: rule.weight,
      said: weightSaid,
      moved: (value) => setWeight(rule.name, value),
    }),
  );
  byId("rules").replaceChildren(...made);
  byId("rules-title").textContent = state.domain === "melody" ? "Rules" : "Terms";
  byId("rules-panel").hidden = made.length === 0;
  byId("own-weights").hidden = dials().weights === null;
  const model = modelNow();
  byId("rules-note").textContent =
    model?.tuned && dials().weights === null
      ? `${model.name} brings the weights that it was tuned with. A slider that you move replaces them.`
      : "What each counts. 0 is off; a weight of 1 makes what earns a point 2.7 times likelier.";
}

function drawPower() {
  const own = dials();
  byId("power").replaceChildren(
    slider({
      ...{ name: "strength", title: "Strength", low: 0, high: 2, step: 0.05, value: own.strength },
      help: "How far rules and wishes lead away from what the model would write by itself.",
      ...{ usual: 1, said: powerSaid, moved: (strength) => change("dials", own, { strength }) },
    }),
    slider({
      ...{ name: "variety", title: "Variety", low: 0.5, high: 2, step: 0.05, value: own.variety },
      help: "Below 1 the likelier choices are taken more often, above 1 the unlikelier ones.",
      ...{ usual: 1, said: varietySaid, moved: (variety) => change("dials", own, { variety }) },
    }),
    slider({
      ...{ name: "count", title: "Candidates", low: 1, high: info.limits?.count || 16, step: 1 },
      ...{ value: own.count, usual: 8, said: String },
      moved: (count) => change("dials", own, { count }),
    }),
  );
}

export function drawDials() {
  drawPower();
  drawRules();
}

export function wireDials() {
  const reset = button(null, "The model's own weights", () => {
    change("dials", dials(), { weights: null });
    drawRules();
  });
  reset.id = "own-weights";
  byId("rules-panel").append(make("p", { class: "panel-foot" }, reset));
  on("domain model restored", drawDials);
  drawDials();
  tell("dials");
}
