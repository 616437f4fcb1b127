"use strict";
// A gallery of melodies: one button each, all of a card or of the page one after the other.

class Gallery {
  constructor(root) {
    this.root = root;
    this.melodies = [...root.querySelectorAll(".melody")];
    this.waiting = []; // melodies that follow the one that sounds
    this.now = null; // the one that sounded last
    root.classList.add("scripted");
    for (const hidden of root.querySelectorAll("[hidden]")) hidden.hidden = false;
    this.all = root.querySelector(".all");
    this.all.addEventListener("click", () => (this.sounds ? this.halt() : this.begin()));
    root.querySelector(".back").addEventListener("click", () => this.move(-1));
    root.querySelector(".next").addEventListener("click", () => this.move(1));
    for (const card of root.querySelectorAll(".take")) {
      const own = [...card.querySelectorAll(".melody")];
      card.querySelector(".together").addEventListener("click", () => this.play(own));
    }
    for (const melody of this.melodies) this.listen(melody);
    for (const name of ["with-rules", "with-scores"]) {
      const box = root.querySelector(`input.${name}`);
      box?.addEventListener("change", () => root.classList.toggle(name, box.checked));
      if (box) root.classList.toggle(name, box.checked); // a reload may keep it checked
    }
  }

  get sounds() {
    return this.melodies.some((melody) => !this.audio(melody).paused);
  }

  audio(melody) {
    return melody.querySelector("audio");
  }

  listen(melody) {
    const [audio, button] = [this.audio(melody), melody.querySelector(".sound")];
    button.addEventListener("click", () => (audio.paused ? this.play([melody]) : this.halt()));
    for (const roll of melody.querySelectorAll(".roll")) {
      roll.addEventListener("click", (event) => {
        const { left, width } = roll.getBoundingClientRect();
        const box = roll.viewBox.baseVal;
        const cursor = roll.querySelector(".cursor");
        const x = box.x + ((event.clientX - left) / width) * box.width - cursor.x1.baseVal.value;
        const share = Math.min(Math.max(x / cursor.dataset.width, 0), 1);
        this.play([melody], share * melody.dataset.seconds);
      });
    }
    audio.addEventListener("play", () => {
      this.now = melody;
      this.show();
    });
    audio.addEventListener("pause", () => {
      if (!audio.ended) melody.classList.remove("playing");
      this.show();
    });
    audio.addEventListener("ended", () => this.follow());
  }

  /** One after the other, the first of them from a time. */
  play(melodies, from = 0) {
    const [first, ...others] = melodies;
    this.waiting = others;
    this.group = melodies;
    this.start(first, from);
  }

  start(melody, from) {
    const audio = this.audio(melody);
    audio.currentTime = from;
    audio.play().catch(() => {}); // stopped before its first sound
  }

  begin() {
    const next = this.now ? this.melodies.indexOf(this.now) : 0;
    this.play(this.melodies.slice(next));
  }

  halt() {
    this.waiting = [];
    for (const melody of this.melodies) this.audio(melody).pause();
  }

  follow() {
    if (this.waiting.length) this.goOn();
    else if (this.root.querySelector(".loop").checked) this.play(this.group);
    else this.show();
  }

  goOn() {
    const next = this.waiting.shift();
    this.start(next, 0);
    next.scrollIntoView({ block: "nearest", behavior: stepwise.matches ? "auto" : "smooth" });
  }

  /** The melody before or after the one that sounds or sounded last. */
  move(by) {
    const goesOn = this.waiting.length > 0;
    const count = this.melodies.length;
    const place = this.now ? this.melodies.indexOf(this.now) + by : 0;
    const next = (place + count) % count;
    this.play(goesOn ? this.melodies.slice(next) : [this.melodies[next]]);
    this.melodies[next].scrollIntoView({ block: "nearest" });
  }

  show() {
    for (const melody of this.melodies) {
      const button = melody.querySelector(".sound");
      button.setAttribute("aria-pressed", String(!this.audio(melody).paused));
    }
    this.all.textContent = this.sounds ? "Stop" : "Play all";
    this.all.setAttribute("aria-pressed", String(this.sounds));
  }
}

for (const root of document.querySelectorAll(".gallery")) new Gallery(root);
