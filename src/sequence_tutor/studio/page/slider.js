// A slider with its name, its value in words, and a way back to where it began.

import { button, make } from "./dom.js";

const DIGITS = 2;

// `said` puts a value into words; `usual` is marked on the track, and what `back` returns to.
export function slider({ name, title, help, low, high, step, value, usual, said, moved }) {
  const id = `slider-${name}`;
  const show = said || ((now) => Number(now).toFixed(DIGITS).replace(/\.?0+$/, ""));
  const output = make("output", { for: id, class: "slider-value", text: show(value) });
  const input = make("input", {
    ...{ type: "range", id, min: low, max: high, step, value },
    "data-name": name,
    "aria-valuetext": show(value),
    "aria-describedby": help ? `${id}-help` : null,
    oninput: () => told(Number(input.value)),
  });
  const back = button("undo", `${title}: back to ${show(usual)}`, () => set(usual), {
    spoken: true,
    class: "back",
  });
  function told(now) {
    output.textContent = show(now);
    input.setAttribute("aria-valuetext", show(now));
    back.hidden = now === usual;
    paint(now);
    moved(now);
  }
  function set(now) {
    input.value = now;
    told(now);
  }
  function paint(now) {
    const share = (one) => `${(100 * (one - low)) / (high - low)}%`;
    input.style.setProperty("--filled", share(now));
    input.style.setProperty("--usual", share(usual));
  }
  input.value = value; // also where it is no multiple of the step
  back.hidden = value === usual;
  paint(value);
  return make(
    "div",
    { class: "slider", "data-name": name },
    make("label", { for: id, text: title, title: help }),
    output,
    back,
    input,
    help ? make("p", { id: `${id}-help`, class: "help", text: help }) : null,
  );
}
