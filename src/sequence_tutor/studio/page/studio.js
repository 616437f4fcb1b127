// The page: it asks the service what there is, restores what was there, and wires its parts.

import { attempt, byId, make, note } from "./dom.js";
import { wireBars } from "./bars.js";
import { wireCandidates } from "./candidates.js";
import { wireDials } from "./dials.js";
import { wireFavourites } from "./favourites.js";
import { wireFiles } from "./files.js";
import { wireJobs } from "./jobs.js";
import { restore, wireMemory } from "./memory.js";
import { wireMolecules } from "./molecules.js";
import { wireMusic } from "./music.js";
import { stop } from "./player.js";
import { draw as drawRoll } from "./roll.js";
import "./roll_keys.js";
import "./zoom.js";
import { ask } from "./service.js";
import { wireSketch } from "./sketch.js";
import { warm } from "./sound.js";
import { change, dials, DOMAINS, info, modelNow, modelsOf, on, state, tell } from "./state.js";
import { wireTexts } from "./texts.js";
import { HIGHEST, LOWEST } from "./tune.js";
import { wireToolbar } from "./toolbar.js";
import { wireWishes } from "./wishes.js";
import { completed, wireWriting } from "./writing.js";

const TITLES = { melody: "Melodies", molecule: "Molecules", text: "Text" };

function showDomain() {
  document.body.dataset.domain = state.domain;
  for (const made of document.querySelectorAll("[data-for]")) {
    made.hidden = !made.dataset.for.split(" ").includes(state.domain);
  }
  for (const made of byId("domains").children) {
    made.setAttribute("aria-pressed", made.dataset.domain === state.domain);
  }
  document.title = `${TITLES[state.domain]} · Sequence Tutor studio`;
}

function showModels() {
  const own = modelsOf(state.domain);
  byId("model").replaceChildren(
    ...own.map(({ id, name, tuned }) =>
      make("option", { value: id, text: tuned ? `${name} (tuned)` : name }),
    ),
  );
  byId("model").value = modelNow()?.id || "";
}

function wireDomains() {
  const there = DOMAINS.filter((domain) => modelsOf(domain).length);
  byId("domains").replaceChildren(
    ...there.map((domain) =>
      make("button", {
        type: "button",
        text: TITLES[domain],
        "data-domain": domain,
        onclick: () => {
          stop();
          change("domain", state, { domain });
        },
      }),
    ),
  );
  byId("domains").hidden = there.length < 2;
  if (!there.includes(state.domain) && there.length) state.domain = there[0];
  byId("model").addEventListener("change", (event) => {
    change("model", dials(), { model: event.target.value });
  });
  on("domain restored", showDomain);
  on("domain restored models model", showModels);
  showDomain();
  showModels();
}

// On a phone the panels are closed at first: the roll and the button come before them.
function wirePanels() {
  const narrow = matchMedia("(max-width: 60rem)");
  const arrange = () => {
    for (const panel of document.querySelectorAll("#settings details")) {
      panel.open = !narrow.matches;
    }
  };
  narrow.addEventListener("change", arrange);
  arrange();
  byId("help").addEventListener("click", () => byId("keys-help").showModal());
  byId("close-help").addEventListener("click", () => byId("keys-help").close());
}

// A link that is followed while the page is open.
const followed = attempt(async () => {
  if (location.hash.length < 2) return;
  stop();
  await restore();
  tell("forget");
  for (const name of ["restored", "work", "music", "dials", "sound", "candidates"]) tell(name);
  completed();
});

async function begin() {
  Object.assign(info, await ask("/v1/info"));
  const linked = await restore();
  for (const wire of [wireDomains, wireMusic, wireDials, wireWishes, wireBars, wireFiles]) wire();
  for (const wire of [wireWriting, wireCandidates, wireMolecules, wireTexts, wireFavourites]) wire();
  for (const wire of [wireToolbar, wireJobs, wirePanels, wireSketch]) wire();
  wireMemory(followed);
  drawRoll();
  tell("work");
  completed();
  warm(LOWEST, HIGHEST, state.sound.voice);
  if (linked) note("Everything is as it was when the link was made");
  document.body.dataset.ready = "yes";
}

begin().catch((error) => note(error.message, "alarm"));
