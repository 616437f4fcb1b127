// Requests to the service that this page came from. Each stands alone, so that it can be sent again:
// while no answer comes a sentence says so, and the request waits until the service is back.

import { byId, make } from "./dom.js";

const PATIENCE = 2000; // milliseconds between two tries

let waiting = 0; // requests that wait
const wakers = new Set();

function showWaiting() {
  const banner = byId("offline");
  banner.hidden = waiting === 0;
  if (waiting > 0 && !banner.firstChild) {
    banner.append(
      make("span", {
        text: "The studio does not answer. Your work is kept in this page; trying again…",
      }),
      make("button", { type: "button", text: "Try now", id: "try-now", onclick: wakeAll }),
    );
  }
}

function wakeAll() {
  for (const wake of wakers) wake();
}

function pause() {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      wakers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, PATIENCE);
    wakers.add(wake);
  });
}

async function answered(path, options, once) {
  let isWaiting = false;
  try {
    for (;;) {
      try {
        const reply = await fetch(path, options);
        // a web server in between says that the service is gone
        if (![502, 503, 504].includes(reply.status)) return reply;
      } catch (error) {
        if (error.name === "AbortError") throw error;
      }
      if (once) throw new Error("The studio does not answer just now; please try again.");
      if (!isWaiting) {
        isWaiting = true;
        waiting += 1;
        showWaiting();
      }
      await pause();
      options.signal?.throwIfAborted();
    }
  } finally {
    if (isWaiting) {
      waiting -= 1;
      showWaiting();
      wakeAll();
    }
  }
}

async function checked(reply) {
  if (reply.ok) return reply;
  let sentence = "";
  try {
    sentence = (await reply.json()).error;
  } catch {
    // no JSON: nothing that could be shown
  }
  throw new Error(sentence || "Something went wrong; please try again.");
}

// Take something away; what is not there any more is refused.
export async function askToRemove(path) {
  const reply = await checked(await answered(path, { method: "DELETE" }, true));
  return reply.json();
}

// What is null is left out: the service takes what is usual.
function request(body, signal) {
  if (body === undefined) return { signal };
  const headers = { "Content-Type": "application/json" };
  const said = JSON.stringify(body, (_, value) => (value === null ? undefined : value));
  return { method: "POST", headers, body: said, signal };
}

// JSON; with `once` a lost connection is refused at once, for what must not happen twice.
export async function ask(path, body, { signal, once = false } = {}) {
  const reply = await checked(await answered(path, request(body, signal), once));
  return reply.json();
}

// A file: its bytes and the name that the service gives it.
export async function askFile(path, body) {
  const reply = await checked(await answered(path, request(body), false));
  const named = /filename="?([^";]+)"?/.exec(reply.headers.get("Content-Disposition") || "");
  return { blob: await reply.blob(), name: named ? named[1] : "file" };
}
