// Above the roll: a head for each bar, which locks it, and a field for its chords.

import { byId, icon, make } from "./dom.js";
import { unknownIn } from "./chords.js";
import { geometry } from "./roll.js";
import { on, state } from "./state.js";
import { bars, freeAll, setChord, turnLock } from "./work.js";

const heads = byId("bar-heads");
const fields = byId("chord-lane");

const SAID = {
  "": "written anew",
  all: "kept",
  rhythm: "rhythm kept",
  pitches: "pitches kept",
};
const SHOWN = { "": "", all: "kept", rhythm: "rhythm", pitches: "pitches" };
const PICTURE = { "": "free", all: "lock", rhythm: "rhythm", pitches: "pitches" };

const span = (bar) => `${(bar.last - bar.first) * geometry.step}px`;

function head(bar) {
  const lock = state.work.locks[bar.number] || "";
  const made = make(
    "button",
    {
      type: "button",
      class: `bar-head lock-${lock || "none"}`,
      "data-bar": bar.number,
      "aria-label": `Bar ${bar.number}: ${SAID[lock]}`,
      title: `Bar ${bar.number}: ${SAID[lock]}. Press for: kept, only its rhythm, only its pitches, free.`,
      onclick: () => turnLock(bar.number),
    },
    make("span", { class: "bar-number", text: bar.number }),
    icon(PICTURE[lock]),
    make("span", { class: "bar-lock", text: SHOWN[lock] }),
  );
  made.style.width = span(bar);
  return made;
}

function field(bar) {
  if (bar.number === 0) {
    const gap = make("span");
    gap.style.width = span(bar);
    return gap;
  }
  const text = state.work.chords[bar.number - 1] || "";
  const made = make("input", {
    class: "chord",
    "data-bar": bar.number,
    "aria-label": `Chords of bar ${bar.number}`,
    placeholder: bar.number === 1 && !state.work.chords.some(Boolean) ? "Dm7" : "",
    maxlength: 60,
    spellcheck: "false",
    autocomplete: "off",
    value: text,
    onchange: (event) => setChord(bar.number, event.target.value.trim()),
    onkeydown: (event) => {
      if (event.key === "Enter") next(bar.number, event);
    },
  });
  const unknown = unknownIn(text);
  if (unknown.length) {
    made.setAttribute("aria-invalid", "true");
    made.title = `${unknown.join(", ")}: no chord that is known; expected one such as Am7 or C/E`;
  }
  made.style.width = span(bar);
  return made;
}

// Enter goes on to the next bar.
function next(number, event) {
  event.preventDefault();
  event.target.blur();
  const after = fields.querySelector(`[data-bar="${number + 1}"]`);
  if (after) after.focus();
}

// A press must not lose the focus of the field or head that is pressed.
function redrawn(container, made) {
  const active = document.activeElement;
  const focused = container.contains(active) ? active.dataset.bar : null;
  container.replaceChildren(...made);
  if (focused) container.querySelector(`[data-bar="${focused}"]`)?.focus();
}

function draw() {
  redrawn(heads, bars().map(head));
  if (!fields.contains(document.activeElement)) fields.replaceChildren(...bars().map(field));
  else bars().forEach((bar) => fitField(bar));
  byId("free-all").hidden = !state.work.locks.some(Boolean);
}

function fitField(bar) {
  const own = fields.querySelector(`[data-bar="${bar.number}"]`);
  if (own) own.style.width = span(bar);
}

export function wireBars() {
  byId("free-all").addEventListener("click", freeAll);
  fields.addEventListener("focusout", (event) => {
    if (!fields.contains(event.relatedTarget)) setTimeout(draw);
  });
  on("work music", draw);
  new ResizeObserver(draw).observe(byId("roll-scroll"));
}
