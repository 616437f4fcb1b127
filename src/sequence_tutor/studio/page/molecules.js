// Molecules: structures in a grid, a table to sort, and files.

import { attempt, button, byId, icon, make, note } from "./dom.js";
import { figure, ruleTitle } from "./account.js";
import { readFile, saveBlob } from "./files.js";
import { isFavourite, turnFavourite } from "./memory.js";
import { askFile } from "./service.js";
import { dials, modelNow, on, state } from "./state.js";
import { moreLike } from "./writing.js";

const KINDS = [
  ["smi", "SMILES"],
  ["sdf", "SDF"],
  ["csv", "CSV"],
];

let sorted = { column: "rank", falls: false };
const pictures = new Map(); // SVG text -> address of the picture

// A structure is shown as a picture, so that nothing in it can run.
function structure(one) {
  if (!one.svg) return make("p", { class: "no-structure", text: one.text });
  if (!pictures.has(one.svg)) {
    const blob = new Blob([one.svg], { type: "image/svg+xml" });
    pictures.set(one.svg, URL.createObjectURL(blob));
  }
  return make("img", { src: pictures.get(one.svg), alt: one.text, class: "structure" });
}

function heart(one) {
  const made = button("heart", "Favourite", () => turnFavourite(one), { spoken: true });
  made.classList.add("heart");
  made.setAttribute("aria-pressed", isFavourite(one.id));
  made.dataset.favourite = one.id;
  return made;
}

export function moleculeCard(one) {
  const value = one.reward === null ? one.log_prior_per_token : one.reward;
  return make(
    "article",
    { class: "card molecule", "data-candidate": one.id, "aria-label": `Molecule ${one.rank}` },
    make(
      "header",
      { class: "card-head" },
      make("h3", { text: `${one.rank}` }),
      make("span", { class: "sum", text: `${figure(value)} ` },
        make("span", { class: "sum-words", text: one.reward === null ? "log p a token" : "reward" })),
      heart(one),
    ),
    structure(one),
    make("code", { class: "smiles", text: one.text }),
    make(
      "div",
      { class: "card-actions" },
      button("link", "Copy", () => copied(one.text), { "aria-label": `Copy ${one.text}` }),
      button("again", "Similar", () => moreLike(one), { title: "Others that are similar to it" }),
    ),
  );
}

const copied = attempt(async (text) => {
  await navigator.clipboard.writeText(text);
  note(`${text} is copied`);
});

const columnsOf = (all) => {
  const paid = new Set(all.flatMap((one) => Object.keys(one.paid)));
  const properties = new Set(all.flatMap((one) => Object.keys(one.properties)));
  properties.delete("canonical"); // the same molecule in other words
  return [
    ["rank", "", (one) => one.rank],
    ["text", "SMILES", (one) => one.text],
    ["reward", "reward", (one) => one.reward],
    ...[...paid].map((name) => [`paid ${name}`, ruleTitle(name), (one) => one.paid[name]]),
    ...[...properties].map((name) => [name, name.replaceAll("_", " "), (one) => one.properties[name]]),
  ];
};

function compared(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a ?? "").localeCompare(String(b ?? ""));
}

function head([name, title], all) {
  const isSorted = sorted.column === name;
  const press = make(
    "button",
    {
      type: "button",
      class: "sort",
      onclick: () => {
        sorted = { column: name, falls: isSorted ? !sorted.falls : name !== "rank" };
        drawTable(all);
        byId("table").querySelector(`[data-column="${CSS.escape(name)}"] button`).focus();
      },
    },
    make("span", { text: title || "place" }),
  );
  const way = !isSorted ? "none" : sorted.falls ? "descending" : "ascending";
  return make("th", { scope: "col", "aria-sort": way, "data-column": name }, press);
}

function cell(value) {
  if (typeof value !== "number") return make("td", {}, make("code", { text: value ?? "–" }));
  return make("td", { class: "number", text: Number.isInteger(value) ? value : figure(value) });
}

function drawTable(all) {
  const columns = columnsOf(all);
  const value = (columns.find(([name]) => name === sorted.column) || columns[0])[2];
  const rows = [...all].sort((a, b) => (sorted.falls ? -1 : 1) * compared(value(a), value(b)));
  byId("table").replaceChildren(
    make("thead", {}, make("tr", {}, ...columns.map((column) => head(column, all)))),
    make(
      "tbody",
      {},
      ...rows.map((one) => make("tr", {}, ...columns.map(([, , of]) => cell(of(one))))),
    ),
  );
}

const save = (kind) =>
  attempt(async () => {
    const tokens = state.candidates.molecule.map((one) => one.tokens);
    const request = { domain: "molecule", model: modelNow()?.id, tokens, kind };
    const { blob } = await askFile("/v1/render", request);
    saveBlob(blob, `molecules.${kind}`);
  });

function draw() {
  if (state.domain !== "molecule") return;
  const all = state.candidates.molecule;
  byId("molecules").replaceChildren(...all.map(moleculeCard));
  byId("candidates-section").hidden = all.length === 0;
  if (all.length) drawTable(all);
}

// Programs to draw in copy a structure as a mol file.
function pasted(event) {
  const text = event.clipboardData?.getData("text") || "";
  if (!/^M {2}END/m.test(text)) return;
  event.preventDefault();
  attempt(readFile)(new File([text], "drawn.mol"));
}

export function wireMolecules() {
  byId("molecule-files").append(
    icon("save"),
    ...KINDS.map(([kind, title]) => button(null, title, save(kind), { class: "file" })),
  );
  for (const name of ["fragment", "near"]) {
    byId(name).addEventListener("change", (event) => (dials()[name] = event.target.value));
    const show = () => (byId(name).value = state.dials.molecule[name]);
    on("domain restored dials", show);
    show(); // after a reload, too: what is not seen would still be asked for
  }
  byId("near").addEventListener("paste", pasted);
  on("candidates domain restored", draw);
  draw();
}
