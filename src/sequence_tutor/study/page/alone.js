"use strict";
// Answers stay in this browser until they are saved as a file.

const study = JSON.parse(document.getElementById("study").textContent);
const KEY = `study-${study.study}`;

function recalled() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null; // storage is closed to this page: a reload begins anew
  }
}

function kept(memory) {
  try {
    localStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // as above; the answers are still in memory
  }
}

let memory = recalled();

function standing() {
  if (!memory) return { stage: "consent" };
  const order = study.orders[memory.order];
  const number = memory.answers.length + 1;
  if (number > order.length) return { stage: "done", number, of: order.length };
  const { left, right } = order[number - 1];
  const stage = memory.choice ? "preference" : "listen";
  const sound = (name) => `data:audio/wav;base64,${study.clips[name]}`;
  const clips = { left: sound(left), right: sound(right) };
  return { stage, number, of: order.length, played: memory.played, ...clips };
}

function change(fields) {
  memory = { ...memory, ...fields };
  kept(memory);
  return standing();
}

function random() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const backend = {
  hasCodes: false,
  thanks: "Please save your answers and send the file to whoever asked you.",
  state: async () => standing(),
  join: async () => {
    const order = crypto.getRandomValues(new Uint32Array(1))[0] % study.orders.length;
    return change({ listener: random(), order, answers: [], played: [], choice: null });
  },
  play: async (_state, side, event) =>
    event === "end" && !memory.played.includes(side)
      ? change({ played: [...memory.played, side] })
      : standing(),
  choose: async (_state, choice) => change({ choice }),
  prefer: async (_state, preference) => {
    const { left, right } = study.orders[memory.order][memory.answers.length];
    const answer = { left, right, choice: memory.choice, preference };
    return change({ answers: [...memory.answers, answer], played: [], choice: null });
  },
  save: () => {
    const { listener, answers } = memory;
    const file = { format: 1, study: study.study, listener, answers };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)]));
    link.download = `answers-${listener.slice(0, 8)}.json`;
    link.click();
  },
};
