// Write: the request for candidates, from what is in the roll and how the model is steered.

import { attempt, byId, note, speak } from "./dom.js";
import { writeProgression } from "./chords.js";
import { expectSound, play } from "./player.js";
import { inFrame } from "./frame.js";
import { weightsNow } from "./dials.js";
import { ask } from "./service.js";
import { candidate } from "./shape.js";
import { change, dials, info, modelNow, on, state, tell } from "./state.js";
import { fromTokens, toTokens } from "./tune.js";
import { keepText, keepWords } from "./work.js";
import { audio } from "./sound.js";
import { chordsOf } from "./mini_roll.js";
import { wishTexts } from "./wishes.js";

const NEAR = 0.25; // share that "more like this" changes

let running = null; // AbortController of the request on its way

// What every domain is asked with.
function steering() {
  const own = dials();
  return {
    model: modelNow()?.id,
    domain: state.domain,
    weights: weightsNow(),
    aims: wishTexts(),
    strength: own.strength,
    variety: own.variety,
    count: own.count,
    seed: Math.floor(Math.random() * 2 ** 31),
  };
}

function melodyRequest(given) {
  const { music, work } = state;
  const keep = keepText();
  const vary = given ? NEAR : music.vary;
  const isFrom = given || keep || (vary !== null && work.tune.notes.length > 0);
  const transpose = given ? given.transpose : music.transpose;
  const frame = inFrame(transpose);
  if (!isFrom) Object.assign(frame, { transpose: null, upbeat: null });
  return {
    ...steering(),
    ...frame,
    from: isFrom ? { tokens: given?.tokens || toTokens(work.tune, transpose) } : null,
    keep: isFrom ? keep : null,
    vary: isFrom ? vary : null,
    bars: music.bars,
    chords: writeProgression(work.chords, music.bars) || null,
    form: music.form.trim() || null,
    range: music.range.trim() || null,
  };
}

function lettersRequest(given) {
  const own = dials();
  const near = (given ? given.text : own.near.trim()) || null;
  if (state.domain !== "molecule") return steering();
  const fragment = own.fragment.trim() || null;
  return { ...steering(), weights: weightsNow(near), fragment, near };
}

// What Write will do, in words, beside the button.
export function whatWriteDoes() {
  const keep = keepText();
  const { count } = dials();
  const many = count === 1 ? "one candidate" : `${count} candidates`;
  if (state.domain !== "melody") {
    const weights = weightsNow(); // null: those of a tuned model
    const isPaid = weights === null || Object.keys(weights).length > 0 || dials().aims.length > 0;
    return `Writes ${many}, the ${isPaid ? "best" : "most usual"} first.`;
  }
  if (keep) return `Keeps ${keepWords()}; writes the rest anew, ${many}.`;
  if (state.music.vary !== null && state.work.tune.notes.length) {
    return `Changes about ${Math.round(100 * state.music.vary)} % of the tune, ${many}.`;
  }
  return `Writes ${state.music.bars} bars anew, ${many}.`;
}

function received(answer) {
  const frame = answer.heard || {};
  const all = answer.candidates.flatMap((one) =>
    candidate({ ...one, id: null, transpose: frame.transpose || 0, upbeat: frame.upbeat || 0 }),
  );
  const candidates = { ...state.candidates, [state.domain]: all };
  change("candidates", state, { candidates, seed: answer.seed });
  if (dials().aims.length) tell("priced", answer.aims);
  byId("remarks").textContent = (answer.remarks || []).join(" · ");
  if (state.domain !== "melody" || !state.sound.first) speak(`${all.length} candidates`);
  return all;
}

function hearFirst(all) {
  if (state.domain !== "melody" || !state.sound.first || !all.length) return;
  const tune = fromTokens(all[0].tokens, all[0].transpose);
  play(`candidate-${all[0].id}`, tune, chordsOf(tune));
}

function showBusy(isBusy) {
  document.body.classList.toggle("writing", isBusy);
  byId("write").setAttribute("aria-busy", isBusy);
  byId("write-words").textContent = isBusy ? "Writing…" : "Write";
  byId("candidates-section").setAttribute("aria-busy", isBusy);
}

// A second press asks anew, and the answer to the first is not waited for.
export const write = attempt(async (given = null) => {
  if (state.domain === "melody") {
    audio(); // the press allows sound
    expectSound();
  }
  running?.abort();
  const own = (running = new AbortController());
  const asked = state.domain;
  showBusy(true);
  try {
    const body = asked === "melody" ? melodyRequest(given) : lettersRequest(given);
    const answer = await ask("/v1/generate", body, { signal: own.signal });
    if (state.domain !== asked) return;
    hearFirst(received(answer));
  } finally {
    if (running === own) showBusy(false);
  }
});

// Variations of a candidate, as far from it as a neighbour.
export function moreLike(one) {
  if (state.domain !== "melody") return write(one);
  note("Variations of this one, a quarter of it changed");
  return write({ tokens: one.tokens, transpose: one.transpose, upbeat: one.upbeat });
}

// What the rules pay melodies as they are.
export const accountRequest = (tokens, transpose) => ({
  ...inFrame(transpose),
  model: modelNow()?.id,
  domain: "melody",
  tokens,
  weights: weightsNow(),
  chords: writeProgression(state.work.chords, state.music.bars) || null,
  form: state.music.form.trim() || null,
});

// What a link leaves out, accounts and structures, is asked for again where it is shown.
const isBare = {
  melody: (one) => Object.keys(one.steps).length === 0 && one.reward !== null,
  molecule: (one) => !one.svg,
  text: (one) => Object.keys(one.steps).length === 0 && one.reward !== null,
};

function completionRequest(bare) {
  const tokens = bare.map((one) => one.tokens);
  if (state.domain === "melody") return accountRequest(tokens, bare[0].transpose);
  return { model: modelNow()?.id, domain: state.domain, tokens, weights: weightsNow("") };
}

export const completed = attempt(async () => {
  const asked = state.domain;
  const bare = state.candidates[asked].filter(isBare[asked]);
  if (!bare.length) return;
  const answer = await ask("/v1/account", completionRequest(bare));
  answer.candidates.forEach((one, place) => {
    const { paid } = bare[place];
    Object.assign(bare[place], { steps: one.steps || {}, svg: one.svg || "" });
    if (!Object.keys(paid).length) bare[place].paid = one.paid || {};
  });
  if (state.domain === asked) change("candidates", state, {});
});

export function wireWriting() {
  byId("write").addEventListener("click", () => write());
  const showWhat = () => (byId("what").textContent = whatWriteDoes());
  on("work music dials domain model restored", showWhat);
  on("domain", completed);
  showWhat();
  byId("most").textContent = info.limits?.bars || 16;
}
