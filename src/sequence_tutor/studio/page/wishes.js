// Wishes: what a row of the table should show, beside its value for the model as it is.

import { attempt, button, byId, make } from "./dom.js";
import { ask } from "./service.js";
import { change, dials, modelNow, on, state } from "./state.js";

const SIGNS = [
  [">=", "at least"],
  ["<=", "at most"],
  ["..", "between"],
];

const FEWER = /(^|_)(not|repeated|invalid|errors)(_|$)/; // rows of which one wants less
const EXAMPLES = { melody: "notes not in key", molecule: "has c1ccncc1", text: "contains TEXT" };

const rows = new Map(); // model -> its rows
const PRICE = "How much farther from the model one unit more of this wish would lead: the divergence in nats";
const NOTES = {
  melody: "What its melodies should be like on average, beside how they are now.",
  molecule: "What its molecules should be like on average, beside how they are now.",
  text: "What its lines should be like on average, beside how they are now.",
};

let reached = []; // what the service said of the wishes when it last wrote

const titled = (row) => row.replaceAll("_", " ");

const plain = (value, percent) => {
  if (value === null || value === undefined) return null;
  const digits = Math.abs(value) >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))}${percent ? " %" : ""}`;
};

export async function rowsNow() {
  const model = modelNow()?.id;
  if (!model) return [];
  if (!rows.has(model)) {
    const answer = await ask(`/v1/aims?model=${encodeURIComponent(model)}`);
    rows.set(model, answer.rows || []);
  }
  return rows.get(model);
}

// As the service reads them: "row >= 5 %". What differs among samples needs their number.
export const wishTexts = () =>
  dials().aims.map(({ row, sign, value, upper, percent }) => {
    const unit = percent ? " %" : "";
    const goal = sign === ".." ? `${value}${unit} .. ${upper}${unit}` : `${sign} ${value}${unit}`;
    return `${row} ${goal}${row.startsWith("distinct") ? " of 1,000" : ""}`;
  });

function set(place, values) {
  const aims = dials().aims.map((aim, at) => (at === place ? { ...aim, ...values } : aim));
  change("dials", dials(), { aims });
}

function remove(place) {
  change("dials", dials(), { aims: dials().aims.filter((_, at) => at !== place) });
  draw();
  byId("wish").focus();
}

function number(aim, place, name, spoken) {
  return make("input", {
    type: "number",
    class: "wish-number",
    step: "any",
    value: aim[name],
    "aria-label": `${titled(aim.row)}, ${spoken}`,
    onchange: (event) => {
      const value = event.target.valueAsNumber;
      if (Number.isFinite(value)) set(place, { [name]: value });
      else event.target.value = aim[name];
    },
  });
}

// How far the last candidates' distribution came, and what one more unit would cost.
function priceOf(aim) {
  const one = reached.find((other) => other.aim.startsWith(`${aim.row} `));
  if (!one) return null;
  const unit = aim.percent ? "a point" : "a unit";
  const price = one.price ? `; ${plain(one.price, false)} nats for ${unit} more` : "; at no cost";
  return make("span", {
    class: "wish-price",
    title: PRICE,
    text: `written ${plain(one.reached, aim.percent) ?? "unknown"}${price}`,
  });
}

function wish(aim, place, known, absent) {
  const sign = make(
    "select",
    {
      "aria-label": `${titled(aim.row)}: at least, at most or between`,
      onchange: (event) => {
        set(place, { sign: event.target.value });
        draw();
      },
    },
    ...SIGNS.map(([value, text]) => make("option", { value, text, selected: value === aim.sign })),
  );
  const row = known.find((one) => one.row === aim.row);
  const isBetween = aim.sign === "..";
  return make(
    "li",
    { class: "wish", "data-row": aim.row },
    make("span", { class: "wish-row", text: titled(aim.row) }),
    button("close", `Remove the wish ${titled(aim.row)}`, () => remove(place), { spoken: true }),
    make(
      "span",
      { class: "wish-goal" },
      sign,
      number(aim, place, "value", isBetween ? "lower" : "value"),
      isBetween ? make("span", { text: "and" }) : null,
      isBetween ? number(aim, place, "upper", "upper") : null,
      aim.percent ? make("span", { text: "%" }) : null,
    ),
    make("span", { class: "wish-prior", text: `now ${plain(row?.prior, aim.percent) ?? absent}` }),
    priceOf(aim),
  );
}

// A goal some way from what the model does now.
function begun(row) {
  const low = row.low ?? 0;
  const high = row.high ?? (row.percent ? 100 : 1);
  const prior = row.prior ?? (low + high) / 2;
  const rises = !FEWER.test(row.row);
  const goal = rises ? prior + 0.4 * (high - prior) : prior - 0.4 * (prior - low);
  const value = Number(goal.toPrecision(2));
  return { row: row.row, sign: rises ? ">=" : "<=", value, upper: value, percent: row.percent };
}

const add = attempt(async () => {
  const field = byId("wish");
  const text = field.value.trim();
  const known = await rowsNow();
  const row = known.find((one) => one.row === text || titled(one.row) === text);
  if (!text) return;
  if (!row && state.domain === "melody") {
    throw new Error(`${text} is nothing that is measured of its melodies; choose from the list.`);
  }
  // rows of molecules and text may be named by a wish: "has c1ccncc1"
  const own = row || { row: text, low: 0, high: 100, prior: null, percent: !text.startsWith("mean") };
  change("dials", dials(), { aims: [...dials().aims, begun(own)] });
  field.value = "";
  await draw();
  byId("wishes").lastElementChild?.querySelector("input")?.focus();
});

// At once, and again when it is known what the model does now, if it is still the model that is shown.
const draw = attempt(async () => {
  const model = modelNow()?.id;
  if (!rows.has(model)) show([]);
  const known = await rowsNow();
  if (modelNow()?.id === model) show(known, "unknown");
});

function show(known, absent = "…") {
  byId("wishes-note").textContent = NOTES[state.domain];
  byId("wish-rows").replaceChildren(
    ...known.map((row) => make("option", { value: titled(row.row) })),
  );
  byId("wish").placeholder = EXAMPLES[state.domain];
  const made = dials().aims.map((aim, place) => wish(aim, place, known, absent));
  byId("wishes").replaceChildren(...made);
  showTuning();
}

function showTuning() {
  byId("tuning").hidden = dials().aims.length === 0;
}

export function wireWishes() {
  byId("add-wish").addEventListener("click", add);
  byId("wish").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
  on("domain model restored", () => {
    reached = [];
    draw();
  });
  on("priced", (aims) => {
    reached = aims || [];
    draw();
  });
  on("dials", showTuning);
  draw();
}
