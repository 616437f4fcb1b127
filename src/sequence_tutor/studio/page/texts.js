// Lines of text, and what each term says of them: under the letters, if a token is a letter.

import { button, byId, make } from "./dom.js";
import { figure, ruleTitle } from "./account.js";
import { isFavourite, turnFavourite } from "./memory.js";
import { saveBlob } from "./files.js";
import { on, state } from "./state.js";

// Letters with what all terms pay them; where tokens are no letters the line as it is.
function letters(one) {
  const all = Object.values(one.steps);
  const text = [...one.text];
  if (!text.length) return [make("span", { class: "quiet", text: "an empty line" })];
  const fits = all.length > 0 && all.every((paid) => Math.abs(paid.length - text.length) <= 1);
  if (!fits) return [make("span", { text: one.text })];
  const sums = text.map((_, place) => all.reduce((sum, paid) => sum + (paid[place] || 0), 0));
  const kind = (sum) => (sum > 0 ? "gain" : sum < 0 ? "loss" : "");
  const runs = [];
  text.forEach((letter, place) => {
    const own = kind(sums[place]);
    if (runs.length && runs.at(-1).kind === own) runs.at(-1).text += letter;
    else runs.push({ kind: own, text: letter });
  });
  return runs.map((run) => make(run.kind ? "mark" : "span", { class: run.kind, text: run.text }));
}

// A term that pays nothing says so, too.
const words = (one) =>
  Object.entries(one.paid)
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));

export function textLine(one) {
  const heart = button("heart", "Favourite", () => turnFavourite(one), { spoken: true });
  heart.classList.add("heart");
  heart.setAttribute("aria-pressed", isFavourite(one.id));
  heart.dataset.favourite = one.id;
  const value = one.reward === null ? one.log_prior_per_token : one.reward;
  return make(
    "article",
    { class: "card line", "data-candidate": one.id, "aria-label": `Line ${one.rank}` },
    make("code", { class: "line-text" }, ...letters(one)),
    make(
      "p",
      { class: "line-said" },
      make("span", { class: "sum", text: `${one.reward === null ? "log p a token" : "reward"} ${figure(value)}` }),
      ...words(one).map(([name, sum]) =>
        make("span", { class: "term", text: `${ruleTitle(name)} ${figure(sum)}` }),
      ),
    ),
    heart,
  );
}

function draw() {
  if (state.domain !== "text") return;
  const all = state.candidates.text;
  byId("lines").replaceChildren(...all.map(textLine));
  byId("candidates-section").hidden = all.length === 0;
}

export function wireTexts() {
  const save = () => {
    const all = state.candidates.text.map((one) => `${one.text}\n`).join("");
    saveBlob(new Blob([all], { type: "text/plain" }), "lines.txt");
  };
  byId("text-files").append(button("save", "Save the lines", save, { class: "file" }));
  on("candidates domain restored", draw);
  draw();
}
