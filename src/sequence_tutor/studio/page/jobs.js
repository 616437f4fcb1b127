// Tuning in the background: it goes on when the page is closed, and ends as one more model to choose.

import { attempt, button, byId, make, note, speak } from "./dom.js";
import { ask, askToRemove } from "./service.js";
import { change, dials, info, modelNow, modelsOf, on, state, tell } from "./state.js";
import { wishTexts } from "./wishes.js";

const OFTEN = 2000; // milliseconds between two looks while something runs
const SELDOM = 15000;

const SAID = {
  waiting: "waits for its turn",
  running: "is running",
  done: "is ready",
  failed: "failed",
  stopped: "is stopped",
};

let before = new Map(); // id -> state
let timer = 0;
let asking = null; // id of the job of which it is asked how to remove it

function remaining(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

// Whether the model goes too is asked in the row; nothing is removed by one press alone.
function removal(job) {
  const place = `/v1/jobs/${encodeURIComponent(job.id)}`;
  const away = (run) =>
    attempt(async () => {
      asking = null;
      const { jobs } = await askToRemove(`${place}?run=${run}`);
      speak(`${job.name} is removed`);
      if (job.state === "done") await listModels();
      show(jobs);
    });
  const keep = () => {
    asking = null;
    look();
  };
  if (asking !== job.id) {
    const question = () => {
      asking = job.id;
      look().then(() => byId("jobs").querySelector(".removal button")?.focus());
    };
    return button(null, "Remove", question, { class: "remove", "aria-label": `Remove: ${job.name}` });
  }
  return make(
    "span",
    { class: "removal", role: "group", "aria-label": `Remove ${job.name}` },
    button(null, "Off this list", away(false), { class: "remove-job", title: "Its run stays on the disk" }),
    button(null, "Delete its run, too", away(true), { class: "remove-run", title: "What it learned is deleted" }),
    button(null, "Keep it", keep),
  );
}

function line(job) {
  const share = job.steps ? job.step / job.steps : 0;
  const goesOn = job.state === "running" || job.state === "waiting";
  const press = (words, what) =>
    button(
      null,
      words,
      attempt(async () => {
        await ask(`/v1/jobs/${encodeURIComponent(job.id)}/${what}`, {}, { once: true });
        await look();
      }),
      { "aria-label": `${words}: ${job.name}` },
    );
  const said = [SAID[job.state] || job.state, job.live, goesOn && remaining(job.seconds_left)];
  return make(
    "li",
    { class: `job job-${job.state}`, "data-job": job.id },
    make("span", { class: "job-name", text: job.name }),
    make(
      "span",
      { class: "job-actions" },
      goesOn ? press("Stop", "stop") : null,
      ["stopped", "failed"].includes(job.state) && asking !== job.id ? press("Resume", "resume") : null,
      job.state === "done" && asking !== job.id ? button(null, "Use it", () => use(job)) : null,
      job.state === "running" ? null : removal(job),
    ),
    make("progress", { max: 1, value: share, "aria-label": `${job.name}, how far it is` }),
    make("span", { class: "job-said", text: said.filter(Boolean).join(", ") }),
    job.error ? make("span", { class: "job-error", text: job.error }) : null,
  );
}

function use(job) {
  const model = info.models.find((one) => one.id === job.id);
  if (!model) return note(`${job.name} is not in the list of models yet`, "alarm");
  if (model.domain !== state.domain) change("domain", state, { domain: model.domain });
  change("model", state.dials[model.domain], { model: model.id, weights: null, aims: [] });
  return note(`${model.name} writes from now on`);
}

// A finished job is a model to choose.
async function listModels() {
  const answer = await ask("/v1/info");
  info.models = answer.models;
  tell("models");
}

const look = attempt(async () => {
  clearTimeout(timer);
  await show((await ask("/v1/jobs")).jobs);
});

async function show(jobs) {
  clearTimeout(timer);
  const done = jobs.filter((job) => job.state === "done" && (before.get(job.id) || "") !== "done");
  if (done.length) {
    // a row offers its model, which has to be there
    await listModels();
    if (before.size) speak(`${done.map((job) => job.name).join(", ")} is ready`);
  }
  byId("jobs").replaceChildren(...jobs.map(line));
  byId("jobs-panel").hidden = jobs.length === 0;
  before = new Map(jobs.map((job) => [job.id, job.state]));
  const busy = jobs.some((job) => job.state === "running" || job.state === "waiting");
  timer = setTimeout(look, busy ? OFTEN : SELDOM);
}

const begin = attempt(async () => {
  const model = modelNow();
  const field = byId("job-name");
  const name = field.value.trim() || `wish ${modelsOf(state.domain).length + before.size}`;
  byId("tune").disabled = true;
  try {
    const { weights } = dials();
    const asked = { model: model.id, aims: wishTexts(), weights, name };
    await ask("/v1/jobs", { ...asked, seed: 1 }, { once: true });
    field.value = "";
    note(`${name} is being tuned; you can go on, or close the page`);
    await look();
  } finally {
    byId("tune").disabled = false;
  }
});

export function wireJobs() {
  byId("tune").addEventListener("click", begin);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  on("restored", look);
  look();
}
