"use strict";
// Answers go to the service this page came from.

const PATIENCE = 1500; // milliseconds between two tries while the connection is lost

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// What was sent twice because a reply was lost is refused by the service, and the state that is
// asked for after a refusal is the one that was saved.
async function ask(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  for (;;) {
    let reply;
    let answer;
    try {
      reply = await fetch(path, options);
      answer = await reply.json(); // no JSON: a web server in between says that the service is gone
    } catch {
      say("The connection is lost. Your answers so far are kept; trying again…");
      await wait(PATIENCE);
      continue;
    }
    if (reply.ok) return answer;
    const error = new Error(answer.error || "Something went wrong; please reload the page.");
    error.refused = reply.status === 409 || reply.status === 403;
    throw error;
  }
}

const backend = {
  hasCodes: true,
  thanks: "All your answers are saved. You can close this page.",
  state: () => ask("/api/state"),
  join: (code) => ask("/api/join", { consent: true, code }),
  play: ({ ticket }, side, event) => ask("/api/play", { ticket, side, event }),
  choose: ({ ticket }, choice) => ask("/api/choice", { ticket, choice }),
  prefer: ({ ticket }, preference) => ask("/api/preference", { ticket, preference }),
};
