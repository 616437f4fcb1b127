"use strict";
// The screens. `backend`, from served.js or alone.js, knows where answers go and what is next:
// each of its calls gives the state {stage, number, of, left, right, played, ticket, code}.

const SIDES = ["left", "right"];
const LETTER = { left: "A", right: "B" };
const STAGES = ["consent", "listen", "preference", "done"];
const element = (id) => document.getElementById(id);
const players = { left: new Audio(), right: new Audio() };
let state = { stage: "" };
let busy = false;

function say(sentence) {
  element("message").textContent = sentence;
}

// One thing at a time: a second press while an answer is on its way does nothing.
async function act(work) {
  if (busy) return;
  busy = true;
  try {
    const next = await work();
    say("");
    if (next) show(next);
  } catch (error) {
    say(error.message);
    if (!error.refused) return;
    const before = state.ticket;
    show(await backend.state());
    if (state.ticket !== before) say(""); // it was saved; only the reply had been lost
  } finally {
    busy = false;
  }
}

function show(next) {
  const isNew = next.stage !== state.stage || next.number !== state.number;
  state = next;
  for (const stage of STAGES) element(stage).hidden = stage !== state.stage;
  showProgress();
  if (state.stage === "listen") showClips();
  else SIDES.forEach((side) => players[side].pause());
  if (state.stage === "preference" && isNew) element("prefer").reset();
  element("done-text").textContent = backend.thanks;
  element("save").hidden = !backend.save;
  element("code-field").hidden = !backend.hasCodes;
  element("footer").hidden = !state.code;
  element("own-code").textContent = state.code || "";
  if (isNew) {
    window.scrollTo(0, 0);
    element(`${state.stage}-title`).focus();
  }
}

function showProgress() {
  const asking = state.stage === "listen" || state.stage === "preference";
  element("progress").hidden = !asking;
  if (!asking) return;
  element("count").textContent = `Pair ${state.number} of ${state.of}`;
  element("bar").max = state.of;
  element("bar").value = state.number - 1;
}

function showClips() {
  for (const side of SIDES) {
    const source = new URL(state[side], document.baseURI).href;
    if (players[side].src !== source) {
      players[side].src = source;
      element(`time-${side}`).value = 0;
    }
    showButton(side);
    showHeard(side);
  }
  const both = SIDES.every((side) => state.played.includes(side));
  for (const side of SIDES) element(`choose-${side}`).disabled = !both;
  element("hint").hidden = both;
}

function showHeard(side) {
  const player = players[side];
  const heard = state.played.includes(side) ? "Heard" : "Not heard yet";
  const sounding = !player.paused && !player.ended;
  element(`heard-${side}`).textContent = sounding ? "Playing" : heard;
}

function showButton(side) {
  const player = players[side];
  const sounding = !player.paused && !player.ended;
  const verb = sounding ? "Pause" : state.played.includes(side) ? "Play again" : "Play";
  // which one stands above the button, where there is no room for more on a phone
  const which = document.createElement("span");
  which.className = "spoken";
  which.textContent = ` melody ${LETTER[side]}`;
  element(`play-${side}`).replaceChildren(verb, which);
}

async function toggle(side) {
  const player = players[side];
  if (!player.paused && !player.ended) {
    player.pause();
    return;
  }
  players[side === "left" ? "right" : "left"].pause();
  // the start is told first, so that it never seems later than it was
  if (player.currentTime === 0 || player.ended) await backend.play(state, side, "start");
  await player.play();
}

for (const side of SIDES) {
  const player = players[side];
  player.preload = "auto";
  for (const event of ["play", "pause", "ended"]) {
    player.addEventListener(event, () => {
      showButton(side);
      showHeard(side);
    });
  }
  player.addEventListener("timeupdate", () => {
    element(`time-${side}`).value = player.currentTime / (player.duration || 1);
  });
  player.addEventListener("ended", () => act(() => backend.play(state, side, "end")));
  player.addEventListener("error", () => say("This melody cannot be played; please reload."));
  element(`play-${side}`).addEventListener("click", () => act(() => toggle(side)));
  element(`choose-${side}`).addEventListener("click", () => act(() => backend.choose(state, side)));
}
element("join").addEventListener("submit", (event) => {
  event.preventDefault();
  act(() => backend.join(element("code").value));
});
element("prefer").addEventListener("submit", (event) => {
  event.preventDefault();
  const points = Number(new FormData(event.target).get("points"));
  act(() => backend.prefer(state, points));
});
element("save").addEventListener("click", () => backend.save());
act(() => backend.state());
