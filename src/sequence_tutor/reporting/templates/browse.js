"use strict";
// Cards with numbers: sorted by one of them, and shown where all lie within what is asked for.

class Browser {
  constructor(root) {
    this.list = root.querySelector("ul");
    this.cards = [...this.list.children];
    this.numbers = new Map(this.cards.map((card) => [card, JSON.parse(card.dataset.numbers)]));
    this.form = root.querySelector("form");
    this.said = root.querySelector("output");
    this.form.addEventListener("input", () => this.show());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("reset", () => setTimeout(() => this.show()));
    this.form.hidden = false;
    this.show(); // a reload may keep what was written
  }

  /** What is to be within what: name of a number -> lowest and highest. */
  bounds() {
    const found = new Map();
    for (const input of this.form.querySelectorAll("input[data-of]")) {
      const ends = found.get(input.dataset.of) ?? [-Infinity, Infinity];
      if (input.value !== "") ends[input.dataset.end === "least" ? 0 : 1] = input.valueAsNumber;
      found.set(input.dataset.of, ends);
    }
    return found;
  }

  /** Whether a card has a text and a mark; a number that is missing is outside of any bound. */
  isWanted(card, bounds) {
    const { text, mark } = this.form.elements;
    const marks = JSON.parse(card.dataset.marks);
    if (!card.dataset.text.includes(text.value.trim())) return false;
    if (mark?.value === "none" && marks.length) return false;
    if (mark?.value.startsWith("is ") && !marks.includes(mark.value.slice(3))) return false;
    return [...bounds].every(([name, [least, most]]) => {
      if (least === -Infinity && most === Infinity) return true;
      const own = this.numbers.get(card)[name];
      return own !== undefined && own >= least && own <= most;
    });
  }

  show() {
    const bounds = this.bounds();
    const { by, order } = this.form.elements;
    const sign = order.value === "up" ? 1 : -1;
    const missing = Infinity; // last in either order
    const worth = (card) => {
      const own = this.numbers.get(card)[by.value];
      return own === undefined ? missing : sign * own;
    };
    const sorted = [...this.cards].sort((one, other) => {
      const [a, b] = [worth(one), worth(other)];
      return a === b ? this.cards.indexOf(one) - this.cards.indexOf(other) : a - b;
    });
    this.list.append(...sorted);
    let shown = 0;
    for (const card of this.cards) {
      card.hidden = !this.isWanted(card, bounds);
      shown += !card.hidden;
    }
    this.said.textContent = `${shown} of ${this.cards.length} shown`;
  }
}

for (const root of document.querySelectorAll(".browse")) new Browser(root);
