// Files: a tune that is dropped or opened comes into the roll, a structure is what molecules are to be
// similar to; what is saved is made by the service.

import { attempt, button, byId, make, note, speak } from "./dom.js";
import { readProgression, writeProgression } from "./chords.js";
import { readKey } from "./pitches.js";
import { inFrame } from "./frame.js";
import { ask, askFile } from "./service.js";
import { change, dials, info, modelNow, state, tell } from "./state.js";
import { fromTokens, meterOf, toTokens } from "./tune.js";
import { edit } from "./work.js";

const KINDS = [
  ["midi", "MIDI"],
  ["musicxml", "MusicXML"],
  ["abc", "ABC"],
  ["wav", "WAV"],
];

function base64(bytes) {
  let text = "";
  for (let place = 0; place < bytes.length; place += 8192) {
    text += String.fromCharCode(...bytes.subarray(place, place + 8192));
  }
  return btoa(text);
}

export async function asRequest(file) {
  const most = info.limits?.file || 1_000_000;
  if (file.size > most) {
    throw new Error(`${file.name} has ${file.size} bytes, expected ${Math.floor(most)} at most.`);
  }
  const content = base64(new Uint8Array(await file.arrayBuffer()));
  return { name: file.name, content, domain: state.domain };
}

async function readTune(file) {
  take(await ask("/v1/read", await asRequest(file)), file.name);
}

// A structure that was drawn in another program: a mol file is an SD file of one.
async function readStructure(file) {
  const request = await asRequest(file);
  const name = request.name.replace(/\.mol$/i, ".sdf");
  const { text } = await ask("/v1/read", { ...request, name, model: modelNow()?.id });
  change("dials", dials(), { near: text });
  note(`${file.name}: molecules are to be similar to ${text}`);
}

const READERS = { melody: readTune, molecule: readStructure };

export async function readFile(file) {
  const read = READERS[state.domain];
  if (!read) throw new Error(`${file.name}: files are read among melodies and molecules.`);
  await read(file);
}

function take(read, name) {
  const { transpose = 0, upbeat = 0 } = read.heard || {};
  const tune = fromTokens(read.tokens, transpose);
  edit((work) => {
    if (work.tune.notes.length) work.other = work.tune;
    const meter = read.meter || state.music.meter;
    const bars = Math.max(1, Math.ceil((tune.steps - upbeat) / meterOf(meter).steps));
    const chords = readProgression(read.chords || "");
    Object.assign(work, { tune, upbeat, locks: [], side: "now", chords });
    Object.assign(state.music, { meter, bars, transpose });
    if (read.key) Object.assign(state.music, readKey(read.key));
    if (read.tempo) state.music.tempo = Math.round(read.tempo);
  });
  tell("music");
  const remarks = (read.remarks || []).join("; ");
  note(`${name}: ${tune.notes.length} notes${remarks ? `; ${remarks}` : ""}`);
  speak(`${name} is in the roll`);
}

const asked = (tune, kind, transpose) => ({
  ...inFrame(transpose),
  domain: "melody",
  model: modelNow()?.id,
  tokens: [toTokens(tune, transpose)],
  kind,
  chords: writeProgression(state.work.chords, state.music.bars) || null,
  accompaniment: state.sound.chords,
});

export function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

// MIDI can be dragged into another program: its bytes are there before the drag begins.
function makeDraggable(link, body, name) {
  let address = "";
  const ready = async () => {
    const { blob } = await askFile("/v1/render", body());
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
  };
  link.setAttribute("draggable", "true");
  link.title = "Press to save, or drag it into another program";
  link.addEventListener("pointerenter", attempt(ready));
  link.addEventListener("dragstart", (event) => {
    if (!address) return;
    event.dataTransfer.effectAllowed = "copy";
    event.dataTransfer.setData("DownloadURL", `audio/midi:${name}.mid:${address}`);
  });
}

// The files of a tune as a row of buttons; `now` gives {tune, transpose} when one is pressed.
export function fileButtons(now, name) {
  const body = (kind) => () => asked(now().tune, kind, now().transpose);
  const save = (kind) =>
    attempt(async () => {
      const { blob, name: named } = await askFile("/v1/render", body(kind)());
      const ending = named.includes(".") ? named.slice(named.lastIndexOf(".")) : `.${kind}`;
      saveBlob(blob, `${name}${ending}`);
    });
  const made = KINDS.map(([kind, title]) =>
    button(null, title, save(kind), { class: "file", "data-kind": kind }),
  );
  makeDraggable(made[0], body("midi"), name);
  return make("div", { class: "files", role: "group", "aria-label": "Save as" }, ...made);
}

export function wireFiles() {
  const picker = byId("file");
  const opened = attempt(readFile);
  byId("open").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    if (picker.files[0]) opened(picker.files[0]);
    picker.value = "";
  });
  const target = byId("roll-card");
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      target.classList.add("dropping");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    target.classList.remove("dropping");
    const file = event.dataTransfer?.files[0];
    if (!file || event.defaultPrevented) return;
    event.preventDefault(); // never leave the page for a file
    opened(file);
  });
}
