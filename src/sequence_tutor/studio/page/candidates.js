// Candidates as cards, the best first: to hear, to understand, to take over, to keep.

import { button, byId, make, note, speak } from "./dom.js";
import { accountRows, figure } from "./account.js";
import { fileButtons } from "./files.js";
import { isFavourite, turnFavourite } from "./memory.js";
import { barsOfTune, miniRoll } from "./mini_roll.js";
import { changeTo, play, position, soundingId } from "./player.js";
import { on, state, tell } from "./state.js";
import { fromTokens } from "./tune.js";
import { moreLike } from "./writing.js";
import { keepBar, replaceTune } from "./work.js";
import { chordsOf } from "./mini_roll.js";

export const tuneOf = (one) => fromTokens(one.tokens, one.transpose);

// Into the roll; what was there stays for comparison, and what sounds goes on in the roll.
function use(one) {
  const at = soundingId() === `candidate-${one.id}` ? position() : null;
  const tune = tuneOf(one);
  replaceTune(tune, one);
  tell("music");
  if (at !== null) play("roll", tune, chordsOf(tune), Math.max(0, Math.floor(at)));
  speak("In the roll. A and B compare it with what was there");
  byId("roll-card").scrollIntoView({ block: "nearest" });
}

export function heart(one) {
  const made = button("heart", "Favourite", () => turnFavourite(one), { spoken: true });
  made.classList.add("heart");
  made.setAttribute("aria-pressed", isFavourite(one.id));
  made.dataset.favourite = one.id;
  return made;
}

// A number for each bar: pressed, that bar is kept in the roll.
function barButtons(one, tune) {
  const bars = barsOfTune(tune, one.upbeat).filter((bar) => bar.number > 0);
  return make(
    "div",
    { class: "keep-bars", role: "group", "aria-label": "Keep a bar of this candidate" },
    make("span", { class: "keep-label", text: "Keep bar" }),
    ...bars.map(({ number }) =>
      make("button", {
        type: "button",
        class: "keep-bar",
        text: number,
        "aria-label": `Keep bar ${number} of this candidate`,
        onclick: () => {
          keepBar(tune, number);
          note(`Bar ${number} is in the roll, and kept when you write again`);
        },
      }),
    ),
  );
}

export function card(one, { title, isFavouriteCard = false }) {
  const tune = tuneOf(one);
  const name = title.toLowerCase().replaceAll(" ", "-");
  const sum = one.reward === null ? one.log_prior_per_token : one.reward;
  const sumWords = one.reward === null ? "log p a token" : "reward";
  return make(
    "article",
    { class: "card candidate", "data-candidate": one.id, "aria-label": title },
    make(
      "header",
      { class: "card-head" },
      make("h3", { text: title }),
      make("span", { class: "sum", text: `${figure(sum)} `, title: sumWords },
        make("span", { class: "sum-words", text: sumWords })),
      heart(one),
    ),
    miniRoll(`candidate-${one.id}${isFavouriteCard ? "-kept" : ""}`, tune, title, isFavouriteCard ? [] : state.work.locks),
    Object.keys(one.paid).length ? accountRows(one) : null,
    barButtons(one, tune),
    make(
      "div",
      { class: "card-actions" },
      button("use", "Use", () => use(one), { class: "use", title: "Put it into the roll" }),
      button("again", "More like this", () => moreLike(one), { class: "more" }),
    ),
    fileButtons(() => ({ tune, transpose: one.transpose }), name),
  );
}

function draw() {
  if (state.domain !== "melody") return;
  const all = state.candidates.melody;
  byId("candidates").replaceChildren(
    ...all.map((one) => card(one, { title: `Candidate ${one.rank}` })),
  );
  byId("candidates-section").hidden = all.length === 0;
}

function drawHearts() {
  for (const made of document.querySelectorAll(".heart")) {
    made.setAttribute("aria-pressed", isFavourite(made.dataset.favourite));
  }
}

// Another tempo, voice or chords while a candidate sounds.
function follow() {
  const id = soundingId();
  const one = state.candidates.melody.find((own) => id === `candidate-${own.id}`);
  if (one) changeTo(id, tuneOf(one), chordsOf(tuneOf(one)));
}

export function wireCandidates() {
  on("candidates domain restored", draw);
  on("favourites", drawHearts);
  on("sound", follow);
  draw();
}
