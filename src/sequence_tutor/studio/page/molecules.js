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

// What RDKit says of a molecule; a penalty is negative, so that more is better.
const PROPERTIES = {
  qed: ["QED", "Quantitative estimate of drug-likeness, 0 to 1"],
  sa: ["−SA", "Synthetic accessibility, 1 easy to 10 hard to make, as a penalty"],
  logp: ["logP", "Octanol-water partition"],
  ring: ["−ring", "Atoms beyond six of the largest ring, as a penalty"],
};

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

// Groups of columns: a title, and of each column its name, title, explanation and value.
const groupsOf = (all) => {
  const paid = new Set(all.flatMap((one) => Object.keys(one.paid)));
  const properties = new Set(all.flatMap((one) => Object.keys(one.properties)));
  properties.delete("canonical"); // the same molecule in other words
  const terms = [...paid].map((name) => [`paid ${name}`, ruleTitle(name), null, (one) => one.paid[name]]);
  const measured = [...properties].map((name) => {
    const [title, help] = PROPERTIES[name] || [name.replaceAll("_", " "), null];
    return [name, title, help, (one) => one.properties[name]];
  });
  return [
    ["", ["rank", "place", null, (one) => one.rank], ["text", "SMILES", null, (one) => one.text]],
    ["What terms pay", ["reward", "reward", "All terms together", (one) => one.reward], ...terms],
    ["Properties", ...measured],
  ];
};

function compared(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a ?? "").localeCompare(String(b ?? ""));
}

function head([name, title, help, of], all) {
  const isSorted = sorted.column === name;
  const press = make(
    "button",
    {
      type: "button",
      class: "sort",
      title: help,
      onclick: () => {
        sorted = { column: name, falls: isSorted ? !sorted.falls : name !== "rank" };
        drawTable(all);
        byId("table").querySelector(`[data-column="${CSS.escape(name)}"] button`).focus();
      },
    },
    make("span", { text: title }),
  );
  const way = !isSorted ? "none" : sorted.falls ? "descending" : "ascending";
  const kind = all.some((one) => typeof of(one) === "number") ? "number" : null;
  return make("th", { scope: "col", "aria-sort": way, "data-column": name, class: kind }, press);
}

function cell(value) {
  if (typeof value !== "number") return make("td", {}, make("code", { text: value ?? "–" }));
  return make("td", { class: "number", text: Number.isInteger(value) ? value : figure(value) });
}

function drawTable(all) {
  const groups = groupsOf(all).filter(([, ...own]) => own.length);
  const columns = groups.flatMap(([, ...own]) => own);
  const value = (columns.find(([name]) => name === sorted.column) || columns[0])[3];
  const over = groups.map(([title, ...own]) =>
    make(title ? "th" : "td", { colspan: own.length, scope: title ? "colgroup" : null, text: title }),
  );
  const rows = [...all].sort((a, b) => (sorted.falls ? -1 : 1) * compared(value(a), value(b)));
  byId("table").replaceChildren(
    make(
      "thead",
      {},
      make("tr", { class: "over" }, ...over),
      make("tr", {}, ...columns.map((column) => head(column, all))),
    ),
    make(
      "tbody",
      {},
      ...rows.map((one) => make("tr", {}, ...columns.map(([, , , of]) => cell(of(one))))),
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
