// Beside the roll: play, compare, undo, draw; and the keys that do the same from anywhere.

import { button, byId, make, note } from "./dom.js";
import { accountRows, figure, setRollAccount } from "./account.js";
import { fileButtons } from "./files.js";
import { link } from "./memory.js";
import { chordsOf } from "./mini_roll.js";
import { changeTo, follow, play, soundingId, stop } from "./player.js";
import { caret } from "./roll.js";
import { drawing } from "./roll_pointer.js";
import { ask } from "./service.js";
import { voiceTitles } from "./sound.js";
import { change, dials, on, state, tell } from "./state.js";
import { toTokens } from "./tune.js";
import { accountRequest } from "./writing.js";
import { canRedo, canUndo, clearWork, compare, redo, undo } from "./work.js";

const QUIET = 500; // milliseconds after the last edit before its account is asked for

function playRoll() {
  const { tune } = state.work;
  if (soundingId() !== null) return stop();
  if (!tune.notes.length) return note("There is nothing in the roll yet: draw notes, drop a file, or press Write");
  return play("roll", tune, chordsOf(tune), caret.isSeen ? caret.step : 0);
}

function showPlaying(id, step) {
  const isOurs = step !== null && id === "roll";
  byId("play").classList.toggle("sounds", step !== null);
  byId("play").setAttribute("aria-pressed", step !== null);
  byId("play-words").textContent = step !== null ? "Stop" : "Play";
  byId("roll-card").classList.toggle("sounds", isOurs);
}

function showState() {
  byId("undo").disabled = !canUndo();
  byId("redo").disabled = !canRedo();
  byId("compare").hidden = !state.work.other;
  for (const side of ["before", "now"]) {
    byId(`side-${side}`).setAttribute("aria-pressed", state.work.side === side);
  }
  byId("roll-empty").hidden = state.work.tune.notes.length > 0;
  byId("roll-files").hidden = state.work.tune.notes.length === 0;
}

// What the rules pay the tune in the roll; asked for when it rests.
let timer = 0;
let asked = 0;
function accountSoon() {
  clearTimeout(timer);
  asked += 1; // an answer on its way is of another tune
  if (state.domain !== "melody" || !state.sound.account || !state.work.tune.notes.length) {
    byId("roll-account").replaceChildren();
    byId("roll-sum").textContent = "";
    setRollAccount({});
    return;
  }
  timer = setTimeout(showAccount, QUIET);
}

async function showAccount() {
  const own = (asked += 1);
  const { transpose } = state.music;
  const request = accountRequest([toTokens(state.work.tune, transpose)], transpose);
  try {
    const { candidates } = await ask("/v1/account", request);
    if (own !== asked) return;
    const [one] = candidates;
    setRollAccount(one.steps || {});
    byId("roll-account").replaceChildren(accountRows({ ...one, steps: one.steps || {} }));
    const sum = one.reward ?? one.log_prior_per_token;
    const words = dials().aims.length ? "reward, wishes aside," : "reward";
    byId("roll-sum").textContent = `${one.reward === null ? "log p a token" : words} ${figure(sum)}`;
  } catch (error) {
    if (own !== asked) return;
    byId("roll-account").replaceChildren(make("p", { class: "quiet", text: error.message }));
    byId("roll-sum").textContent = "";
  }
}

function turn(name, id) {
  const made = byId(id);
  const show = () => made.setAttribute("aria-pressed", state.sound[name]);
  made.addEventListener("click", () => {
    change("sound", state.sound, { [name]: !state.sound[name] });
  });
  on("sound restored", show);
  show();
}

function chosen(name, value) {
  drawing[name] = value;
  byId("tool-draw").setAttribute("aria-pressed", drawing.tool === "draw");
  byId("tool-erase").setAttribute("aria-pressed", drawing.tool === "erase");
  byId("tool-select").setAttribute("aria-pressed", drawing.tool === "select");
  byId("notes").classList.toggle("selecting", drawing.tool === "select");
}

async function share() {
  const address = await link();
  history.replaceState(null, "", new URL(address).hash);
  try {
    await navigator.clipboard.writeText(address);
    note("The link is copied; it holds everything that you see here");
  } catch {
    note("The link is in the address bar; it holds everything that you see here");
  }
}

// Keys that work wherever the focus is, but in a field.
function key(event) {
  const isField = event.target.closest("input:not([type=range]), select, textarea");
  const control = event.ctrlKey || event.metaKey;
  const letter = event.key.toLowerCase();
  if (isField || state.domain !== "melody") return;
  if (control && letter === "z") (event.shiftKey ? redo : undo)();
  else if (control && letter === "y") redo();
  else if (event.key === " " && !event.target.closest("button, summary, a")) playRoll();
  else if (letter === "x" && !control) compare();
  else if (event.key === "Escape") stop();
  else return;
  event.preventDefault();
}

export function wireToolbar() {
  byId("voice").append(...voiceTitles.map(([value, text]) => make("option", { value, text })));
  byId("voice").value = state.sound.voice;
  byId("voice").addEventListener("change", (event) => {
    change("sound", state.sound, { voice: event.target.value });
  });
  on("restored", () => (byId("voice").value = state.sound.voice));
  byId("grid").addEventListener("change", (event) => chosen("grid", Number(event.target.value)));
  byId("tool-draw").addEventListener("click", () => chosen("tool", "draw"));
  byId("tool-erase").addEventListener("click", () => chosen("tool", "erase"));
  byId("tool-select").addEventListener("click", () => chosen("tool", "select"));
  const presses = { play: playRoll, undo, redo, clear: clearWork, share };
  for (const [id, press] of Object.entries(presses)) byId(id).addEventListener("click", press);
  for (const side of ["before", "now"]) {
    byId(`side-${side}`).addEventListener("click", () => state.work.side !== side && compare());
  }
  turn("loop", "loop");
  turn("chords", "sound-chords");
  turn("first", "hear-first");
  turn("account", "show-account");
  const now = () => ({ tune: state.work.tune, transpose: state.music.transpose });
  byId("roll-files").append(fileButtons(now, "melody"));
  document.addEventListener("keydown", key);
  follow(showPlaying);
  on("work restored", showState);
  on("work dials model music restored", accountSoon);
  on("sound", () => {
    document.body.classList.toggle("no-account", !state.sound.account);
    accountSoon();
  });
  on("work sound", () => changeTo("roll", state.work.tune, chordsOf(state.work.tune)));
  showState();
  tell("sound");
}

export const closeButton = (close) => button("close", "Close", close, { spoken: true });
