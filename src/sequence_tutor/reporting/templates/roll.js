"use strict";
// A piano roll in as many systems as the width asks for, as lines of a score.

const SEMITONE = 5;
const NAMES_WIDTH = 32;
const BETWEEN = 14; // systems
const LEAST_STEP = 6.5; // width of a step; the widest melody then has several systems
const SVG = document.querySelector("svg")?.namespaceURI;
const BLACK_KEYS = [1, 3, 6, 8, 10];

function element(kind, attributes, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Bars of a system: as many as fit, or fewer if all systems then have as many. */
function inEqualSystems(bars, fit) {
  const most = Math.max(1, Math.min(bars, fit));
  for (let few = most; few > most / 2; few--) if (bars % few === 0) return few;
  return most;
}

class Roll {
  constructor(svg) {
    this.svg = svg;
    this.redraw = () => {};
    new ResizeObserver(() => this.redraw()).observe(svg.parentElement);
  }

  /** Notes with a `kind` and `said`; `run` has length, bar, beats and upbeat, `range` pitches. */
  draw(notes, run, range) {
    this.redraw = () => {
      const width = this.svg.parentElement.clientWidth;
      if (!width || (width === this.width && notes === this.notes)) return;
      Object.assign(this, { width, notes });
      this.lay(run, range);
    };
    this.width = 0;
    this.redraw();
  }

  lay({ length, bar, beats, upbeat }, [lowest, highest]) {
    const room = this.width - NAMES_WIDTH - 2;
    const bars = Math.ceil(length / bar);
    this.steps = inEqualSystems(bars, Math.floor(room / (bar * LEAST_STEP))) * bar; // of a system
    this.step = room / this.steps;
    this.high = (highest - lowest + 1) * SEMITONE;
    this.length = length;
    const firsts = beats.map((_, i) => beats.slice(0, i).reduce((sum, one) => sum + one, 0));
    const drawn = [];
    for (let from = 0; from < length; from += this.steps) {
      const group = element("g", { transform: `translate(0 ${this.topOf(from)})` });
      const to = Math.min(from + this.steps, length);
      group.append(...this.keys(lowest, highest, to - from));
      for (let at = from; at <= to; at++) {
        const place = (((at - upbeat) % bar) + bar) % bar;
        if (!firsts.includes(place)) continue;
        const x = this.x(at - from);
        group.append(element("line", { class: place ? "beat" : "bar", x1: x, x2: x, y1: 0, y2: this.high }));
      }
      for (const note of this.notes) {
        const [start, end] = [Math.max(note.start, from), Math.min(note.end, to)];
        if (start >= end) continue;
        const shape = { x: this.x(start - from) + 0.5, width: (end - start) * this.step - 1 };
        const place = { ...shape, y: (highest - note.pitch) * SEMITONE, height: SEMITONE, rx: 1.5 };
        const made = element("rect", { class: `note ${note.kind}`, ...place });
        made.append(element("title", {}, note.said));
        group.append(made);
      }
      drawn.push(group);
    }
    this.cursor = element("line", { class: "cursor", x1: 0, x2: 0, y1: 0, y2: this.high });
    const height = this.topOf(length - 1) + this.high;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.replaceChildren(...drawn, this.cursor);
  }

  keys(lowest, highest, steps) {
    const made = [];
    for (let pitch = lowest; pitch <= highest; pitch++) {
      const y = (highest - pitch) * SEMITONE;
      if (BLACK_KEYS.includes(pitch % 12)) {
        const shape = { x: NAMES_WIDTH, y, width: steps * this.step, height: SEMITONE };
        made.push(element("rect", { class: "dark-key", ...shape }));
      }
      if (pitch % 12 === 0) {
        const place = { x: NAMES_WIDTH - 5, y: y + 6, "text-anchor": "end" };
        made.push(element("text", { class: "tick", ...place }, `C${pitch / 12 - 1}`));
      }
    }
    return made;
  }

  x(steps) {
    return NAMES_WIDTH + steps * this.step;
  }

  topOf(step) {
    return Math.floor(step / this.steps) * (this.high + BETWEEN);
  }

  /** Move the cursor to a step with its fraction. */
  point(step) {
    const within = Math.min(step, this.length - 0.001);
    this.cursor.setAttribute("transform", `translate(${this.x(within % this.steps)} ${this.topOf(within)})`);
  }

  /** The step under the pointer. */
  stepAt({ clientX, clientY }) {
    const { left, top, width } = this.svg.getBoundingClientRect();
    const scale = this.width / width;
    const system = Math.floor(((clientY - top) * scale) / (this.high + BETWEEN));
    const across = ((clientX - left) * scale - NAMES_WIDTH) / this.step;
    const step = system * this.steps + Math.min(Math.max(Math.floor(across), 0), this.steps - 1);
    return Math.min(Math.max(step, 0), this.length - 1);
  }
}
