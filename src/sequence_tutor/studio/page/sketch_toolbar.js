// The tools of the sketcher: one is chosen, and steps are taken back.

import { button, byId, make } from "./dom.js";
import { edit, onSketch, redo, sketch, tellSketch, undo } from "./sketch_state.js";
import { ELEMENTS, POINT } from "./sketch_tools.js";
import { EMPTY } from "./structure.js";

export function chooseTool(tool) {
  sketch.tool = tool;
  tellSketch();
}

const tools = [];

function toolButton(tool, made) {
  made.addEventListener("click", () => chooseTool(tool));
  tools.push([tool, made]);
  return made;
}

const group = (name, ...made) =>
  make("div", { class: "tools", role: "group", "aria-label": name }, ...made);

const pictured = (picture, words, tool) =>
  toolButton(tool, button(picture, words, () => {}, { spoken: true, class: "plain" }));

function element(symbol, words, more = {}) {
  const made = make("button", { type: "button", class: "plain", text: symbol, title: words, ...more });
  return toolButton({ kind: "atom", element: symbol }, made);
}

const TITLES = {
  C: "Carbon", N: "Nitrogen", O: "Oxygen", S: "Sulfur", F: "Fluorine", Cl: "Chlorine", Br: "Bromine",
  P: "Phosphorus",
};

function showTools() {
  const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  for (const [tool, made] of tools) made.setAttribute("aria-pressed", isSame(tool, sketch.tool));
  byId("sketch-undo").disabled = !sketch.past.length;
  byId("sketch-redo").disabled = !sketch.future.length;
  byId("sketch-clear").disabled = !sketch.structure.atoms.length;
  byId("sketch-empty").hidden = sketch.structure.atoms.length > 0;
}

export function wireTools() {
  const act = (picture, words, id, work) =>
    button(picture, words, work, { spoken: true, class: "plain", id });
  byId("sketch-tools").append(
    group(
      "Atoms",
      ...ELEMENTS.map((symbol) => element(symbol, TITLES[symbol], { "aria-label": TITLES[symbol] })),
      element(POINT, "Attachment point", { id: "sketch-point", "aria-label": "Attachment point" }),
    ),
    group(
      "Bonds",
      pictured("single", "Single bond", { kind: "bond", order: 1 }),
      pictured("double", "Double bond", { kind: "bond", order: 2 }),
      pictured("triple", "Triple bond", { kind: "bond", order: 3 }),
    ),
    group(
      "Rings",
      pictured("benzene", "Benzene", { kind: "ring", ring: "benzene" }),
      pictured("cyclohexane", "Cyclohexane", { kind: "ring", ring: "cyclohexane" }),
      pictured("cyclopentane", "Cyclopentane", { kind: "ring", ring: "cyclopentane" }),
    ),
    group(
      "Change",
      pictured("move", "Move", { kind: "move" }),
      pictured("erase", "Erase (also: right button)", { kind: "erase" }),
      pictured("plus", "Charge +", { kind: "charge", step: 1 }),
      pictured("minus", "Charge −", { kind: "charge", step: -1 }),
    ),
    group(
      "Steps",
      act("undo", "Undo (Ctrl Z)", "sketch-undo", undo),
      act("redo", "Redo (Ctrl Shift Z)", "sketch-redo", redo),
      act("clear", "Clear", "sketch-clear", () => edit([EMPTY, null])),
    ),
  );
  onSketch(showTools);
}
