"use strict";
// The instrument: what its sliders write, and what is played.

const LIKELIER = 0.15; // nats: notes below this difference are drawn as neither

class Instrument {
  constructor(section) {
    this.section = section;
    this.data = JSON.parse(section.querySelector(".networks").textContent);
    this.policies = allPolicies(this.data);
    this.knobs = section.querySelector("form").elements;
    this.roll = new Roll(section.querySelector(".roll"));
    this.button = section.querySelector(".play");
    this.player = new Player({
      score: () => this.score(),
      ended: () => this.atEnd(),
      moved: (step) => this.point(step),
    });
    this.run = this.data.runs[0];
    this.listen();
    this.useRun();
    this.point(null);
  }

  value(name) {
    return Number(this.knobs[name].value);
  }

  listen() {
    const { knobs, section } = this;
    section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    section.querySelector(".another").addEventListener("click", () => this.another());
    this.button.addEventListener("click", () => this.toggle());
    for (const name of ["strength", "temperature", "seed"]) {
      knobs[name].addEventListener("input", () => this.write());
    }
    for (const name of ["tempo", "key"]) knobs[name].addEventListener("input", () => this.show());
    knobs.run?.addEventListener("input", () => this.useRun());
    this.roll.svg.addEventListener("click", (event) => this.jump(event));
    // one sound at a time: the players of the page do not bubble, but are captured
    document.addEventListener("play", () => this.halt(), true);
  }

  useRun() {
    this.place = knobsValue(this.knobs.run);
    this.run = this.data.runs[this.place];
    const { key } = this.knobs;
    key.replaceChildren(
      ...this.run.keys.map(({ name, up, own }) => new Option(name, up, own, own)),
    );
    this.knobs.tempo.value = this.run.tempo;
    const middle = 64; // E above middle C
    [this.lowest, this.highest] = [middle, middle];
    this.write();
  }

  another() {
    this.knobs.seed.value = (this.value("seed") % 999999) + 1;
    this.write();
    document.getElementById("said").textContent = `Melody ${this.knobs.seed.value}: ${this.facts}`;
  }

  /** Write the melody of the number and the sliders. */
  write() {
    const seed = Math.max(1, Math.floor(this.value("seed")) || 1);
    const how = { seed, strength: this.value("strength"), temperature: this.value("temperature") };
    this.written = this.policies[this.place].write(how);
    this.show();
  }

  /** The melody in its key and tempo, on the page and for the player. */
  show() {
    const { knobs, written, run } = this;
    const up = this.value("key");
    this.notes = notesOf(written.tokens, this.data.notes).map((note) => ({
      ...note,
      pitch: note.pitch + up,
      ...judged(note, written.tuned[note.start] - written.prior[note.start]),
    }));
    knobs.strength_said.value = told(this.value("strength"), ["the prior", "as tuned"]);
    knobs.temperature_said.value = this.value("temperature").toFixed(2);
    knobs.tempo_said.value = `${knobs.tempo.value} quarters a minute`;
    const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    const [prior, tuned] = [mean(written.prior), mean(written.tuned)].map(minus);
    this.facts = `${this.notes.length} notes in ${Math.ceil(run.length / run.bar)} bars of ${run.meter}; log p a token: prior ${prior}, tuned ${tuned}.`;
    this.section.querySelector(".facts").textContent = this.facts;
    this.roll.draw(this.notes, run, this.range(up));
    this.roll.svg.setAttribute("aria-label", `The melody: ${this.facts}`);
    this.save();
  }

  /** Pitches to show: those of all melodies since the run was chosen, so that the roll rests. */
  range(up) {
    const pitches = this.notes.map(({ pitch }) => pitch - up);
    this.lowest = Math.min(this.lowest, ...pitches.map((one) => one - 1));
    this.highest = Math.max(this.highest, this.lowest + 17, ...pitches.map((one) => one + 1));
    return [this.lowest + up, this.highest + up];
  }

  save() {
    const { knobs, run } = this;
    const saved = midiBytes(this.notes, run.length, {
      tempo: this.value("tempo"),
      stepsPerQuarter: this.data.notes.steps_per_quarter,
      meter: run.meter,
    });
    const link = this.section.querySelector(".midi");
    link.href = `data:audio/midi;base64,${btoa(String.fromCharCode(...saved))}`;
    link.download = `${run.name.replaceAll("/", "-")}-${knobs.seed.value}.mid`;
  }

  score() {
    const seconds = 60 / this.value("tempo") / this.data.notes.steps_per_quarter;
    return { notes: this.notes, steps: this.run.length, seconds };
  }

  toggle() {
    if (this.player.isPlaying) return this.halt();
    for (const audio of document.querySelectorAll("audio")) audio.pause();
    for (const other of Instrument.all) if (other !== this) other.halt();
    this.player.play();
    this.button.textContent = "Stop";
    this.button.setAttribute("aria-pressed", "true");
  }

  halt() {
    if (this.player.isPlaying) this.player.stop();
    this.point(null);
  }

  /** A click on the roll plays from there. */
  jump(event) {
    if (!this.player.isPlaying) this.toggle();
    this.player.play(this.roll.stepAt(event));
  }

  atEnd() {
    const { value } = this.knobs.end;
    if (value === "another") this.another();
    return value !== "stop";
  }

  point(step) {
    this.section.classList.toggle("playing", step !== null);
    this.section.dataset.step = step ?? "";
    if (step === null) {
      this.button.textContent = "Play";
      this.button.setAttribute("aria-pressed", "false");
    } else {
      this.roll.point(step);
    }
  }
}

function knobsValue(select) {
  return select ? Number(select.value) : 0;
}

/** How a note is drawn and what is said of it, by what its log-probability gained in tuning. */
function judged({ start, end }, gained) {
  const way = gained < 0 ? "less likely" : "likelier";
  const times = Math.exp(Math.abs(gained)).toPrecision(2);
  return {
    kind: gained > LIKELIER ? "made-likelier" : gained < -LIKELIER ? "made-rarer" : "",
    said: `sixteenths ${start + 1} to ${end}: ${way} after tuning, ${times} times`,
  };
}

/** A strength, with a name where it has one. */
function told(strength, names) {
  return `${strength.toFixed(2)}${names[strength] ? `, ${names[strength]}` : ""}`;
}

function minus(number) {
  return number.toFixed(2).replace("-", "−");
}

Instrument.all = [...document.querySelectorAll(".instrument")].map((one) => new Instrument(one));
