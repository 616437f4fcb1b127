// What each rule pays at each step: bars upwards are earned, bars downwards lost.

import { drawn, make } from "./dom.js";
import { info } from "./state.js";

const HEIGHT = 26; // of a rule's row

export const ruleTitle = (name) => {
  const all = [info.melody, info.molecule, info.text].flatMap((own) => own?.rules || own?.terms || []);
  const known = all.find((rule) => rule.name === name);
  if (!known && name === "aims") return "Wishes"; // what they all pay together
  return known?.title || name.replaceAll("_", " ");
};

export const figure = (value) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace("-", "−").replace(/^−(0\.?0*)$/, "$1");
};

let inRoll = {}; // what the rules pay the tune in the roll: rule -> of each step

export const setRollAccount = (steps) => (inRoll = steps);

// What each rule pays from one step to another, in words; the largest first.
export function paidBetween(first, last) {
  return Object.entries(inRoll)
    .map(([name, steps]) => [name, steps.slice(first, last).reduce((sum, one) => sum + one, 0)])
    .filter(([, sum]) => Math.abs(sum) > 0.004)
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
    .map(([name, sum]) => `${ruleTitle(name)} ${sum > 0 ? "+" : ""}${figure(sum)}`);
}

// Sizes as logarithms, so that a payment of 100 and one of 1 are both seen.
const size = (value, largest) => Math.log1p(Math.abs(value)) / Math.log1p(largest);

function strip(steps, largest, total) {
  const middle = HEIGHT / 2;
  const bars = [];
  steps.forEach((value, step) => {
    if (!value) return;
    const tall = Math.max(1.5, size(value, largest) * (middle - 2));
    const place = { x: step + 0.08, width: 0.84, y: value > 0 ? middle - tall : middle, height: tall };
    bars.push(drawn("rect", { ...place, class: value > 0 ? "earned" : "lost" }));
  });
  return drawn(
    "svg",
    {
      viewBox: `0 0 ${total} ${HEIGHT}`,
      preserveAspectRatio: "none",
      class: "strip",
      "aria-hidden": "true",
    },
    drawn("line", { x1: 0, x2: total, y1: middle, y2: middle, class: "baseline" }),
    ...bars,
  );
}

// A row for each rule that paid anything, the largest sums first; the sum is said in words too.
export function accountRows(candidate, most = 12) {
  const paid = Object.entries(candidate.paid || {});
  const rows = paid
    .filter(([name, sum]) => sum || (candidate.steps?.[name] || []).some(Boolean))
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
    .slice(0, most);
  const all = rows.flatMap(([name]) => candidate.steps?.[name] || []);
  const largest = Math.max(1, ...all.map(Math.abs));
  return make(
    "ul",
    { class: "account", "aria-label": "What each rule pays" },
    ...rows.map(([name, sum]) =>
      make(
        "li",
        { "data-rule": name },
        make(
          "span",
          { class: "rule-said" },
          make("span", { text: ruleTitle(name) }),
          make("b", { class: sum < 0 ? "is-lost" : "is-earned", text: figure(sum) }),
        ),
        strip(candidate.steps?.[name] || [], largest, candidate.tokens.length),
      ),
    ),
  );
}
