// The dialog to draw a structure for a field of SMILES. The page draws and the service reads: what is
// possible, and how it is written, is RDKit's.

import { byId } from "./dom.js";
import { asRequest } from "./files.js";
import { fromMolfile, toMolfile } from "./molfile.js";
import { ask } from "./service.js";
import { sayCaret, turnBack, wireHands } from "./sketch_hands.js";
import { beginSketch, edit, onSketch, sketch } from "./sketch_state.js";
import { chooseTool, wireTools } from "./sketch_toolbar.js";
import { POINT } from "./sketch_tools.js";
import { drawSketch, fit } from "./sketch_view.js";
import { change, dials, modelNow } from "./state.js";
import { EMPTY } from "./structure.js";

const dialog = byId("sketch");
const NAMES = { fragment: "Draw the fragment to keep", near: "Draw a structure to be similar to" };
const drafts = new Map(); // field -> what was drawn and not used, with the text that it began from

let field = "";
let begunFrom = ""; // the text of the field
let opened = EMPTY; // the structure of that text
let asking = null;

function say(sentence, kind = "alarm") {
  const said = byId("sketch-note");
  said.textContent = sentence;
  said.dataset.kind = kind;
  said.hidden = !sentence;
}

const MOLFILE = "drawing.mol";
const SMILES = "drawing.smi";

// A file of SMILES or a molfile as {text, molfile}: canonical SMILES and a structure with places;
// null if something else is asked for meanwhile.
async function read(file) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const request = { ...(await asRequest(file)), model: modelNow()?.id, structure: true };
  try {
    return await ask("/v1/read", request, { signal, once: true });
  } catch (error) {
    if (error.name === "AbortError") return null;
    const reason = error.message.replace(`${file.name}: `, "");
    throw new Error(reason.charAt(0).toUpperCase() + reason.slice(1).replace(/\.$/, ""));
  }
}

async function load(file) {
  say("Reading…", "quiet");
  try {
    const found = await read(file);
    if (!found) return null;
    say("");
    return fromMolfile(found.molfile);
  } catch (error) {
    say(`${error.message}.`);
    return null;
  }
}

async function open(name) {
  field = name;
  begunFrom = byId(name).value.trim();
  byId("sketch-title").textContent = NAMES[name];
  byId("sketch-point").hidden = name !== "fragment";
  if (sketch.tool.element === POINT && name !== "fragment") chooseTool({ kind: "atom", element: "C" });
  const draft = drafts.get(name);
  opened = EMPTY;
  say("");
  beginSketch(draft?.begunFrom === begunFrom ? draft : {});
  dialog.showModal();
  if (draft?.begunFrom === begunFrom) {
    opened = draft.opened;
  } else if (begunFrom) {
    const structure = await load(new File([begunFrom], SMILES));
    // what was drawn meanwhile stays
    if (structure && sketch.structure === EMPTY && !sketch.past.length) {
      opened = structure;
      beginSketch({ structure, caret: { atom: 0 } });
    }
  }
  fit();
  drawSketch();
  byId("sketch-board").focus();
}

// What was drawn and not used is there when the dialog is opened again.
function closed() {
  asking?.abort();
  const { structure, caret, past, future } = sketch;
  if (structure === opened) drafts.delete(field);
  else drafts.set(field, { begunFrom, opened, structure, caret, past, future });
}

function take(text) {
  const most = byId(field).maxLength;
  if (text.length > most) {
    say(`This SMILES has ${text.length} characters, expected ${most} at most.`);
    return;
  }
  change("dials", dials(), { [field]: text });
  opened = sketch.structure;
  dialog.close();
}

async function use() {
  const { structure } = sketch;
  if (structure === opened) return take(begunFrom); // as it was written
  if (!structure.atoms.length) return take("");
  byId("sketch-use").disabled = true;
  say("");
  try {
    const found = await read(new File([toMolfile(structure)], MOLFILE));
    if (found && dialog.open) take(found.text);
  } catch (error) {
    const [, atom] = /atom # (\d+)/.exec(error.message) || [];
    sketch.marked = atom === undefined ? -1 : Number(atom);
    say(`${error.message}.${atom === undefined ? "" : " The atom is marked."}`);
    drawSketch();
  } finally {
    byId("sketch-use").disabled = false;
  }
  return undefined;
}

function key(event) {
  turnBack(event);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    use();
  }
  event.stopPropagation(); // the page's own keys wait
}

// A structure that was drawn elsewhere takes the place of the drawing, as one step.
async function insert(file) {
  const structure = await load(file);
  if (!structure) return;
  edit([structure, { atom: 0 }]);
  fit();
  drawSketch();
  sayCaret();
}

function pasted(event) {
  const text = event.clipboardData?.getData("text") || "";
  if (!text.trim()) return;
  event.preventDefault();
  insert(new File([text], /^M {2}END/m.test(text) ? MOLFILE : SMILES));
}

function dropped(event) {
  const file = event.dataTransfer?.files[0];
  if (!file) return;
  event.preventDefault(); // it is not for the field
  insert(file);
}

export function wireSketch() {
  wireTools();
  wireHands();
  onSketch(() => drawSketch());
  for (const made of document.querySelectorAll("[data-draws]")) {
    made.addEventListener("click", () => open(made.dataset.draws));
  }
  byId("sketch-use").addEventListener("click", use);
  byId("sketch-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", key);
  dialog.addEventListener("paste", pasted);
  dialog.addEventListener("drop", dropped);
  dialog.addEventListener("close", closed);
}
