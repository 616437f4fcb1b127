"use strict";
// Notes by Web Audio, in time: each is scheduled shortly before it sounds, so that what has changed
// in the meantime, the melody or its tempo, is heard at the next step.

const PARTIALS = 10;
const ATTACK = 0.008; // seconds
const RELEASE = 0.12;
const AHEAD = 0.15; // seconds of sound that are scheduled; more while the page is hidden
const AHEAD_HIDDEN = 1.5; // for browsers wake a hidden page once a second

/** A note of a struck string at a time of the context; returns the nodes that sound. */
function strike(context, into, pitch, at, seconds) {
  const frequency = 440 * 2 ** ((pitch - 69) / 12);
  const sine = new Float32Array(PARTIALS + 1);
  for (let k = 1; k <= PARTIALS; k++) sine[k] = k ** -1.6;
  const tone = new OscillatorNode(context, {
    frequency,
    periodicWave: new PeriodicWave(context, { real: new Float32Array(PARTIALS + 1), imag: sine }),
  });
  // higher partials die away sooner
  const dull = new BiquadFilterNode(context, { type: "lowpass", frequency: 12 * frequency, Q: 0 });
  dull.frequency.setValueAtTime(Math.min(12 * frequency, 18000), at);
  dull.frequency.setTargetAtTime(2 * frequency, at, 0.5);
  const loud = new GainNode(context, { gain: 0 });
  const end = at + Math.max(seconds, 2 * ATTACK);
  loud.gain.setValueAtTime(0, at);
  loud.gain.linearRampToValueAtTime(0.32, at + ATTACK);
  loud.gain.setTargetAtTime(0, at + ATTACK, 1.6 / Math.sqrt(frequency / 262));
  loud.gain.setTargetAtTime(0, end, RELEASE / 4);
  tone.connect(dull).connect(loud).connect(into);
  tone.start(at);
  tone.stop(end + 2 * RELEASE);
  return { tone, loud };
}

class Player {
  /** `score()` gives notes, steps and the seconds of a step; `ended()` says whether to go on. */
  constructor({ score, ended, moved }) {
    Object.assign(this, { score, ended, moved, sounding: [], steps: [] });
  }

  get isPlaying() {
    return this.timer !== undefined;
  }

  play(from = 0) {
    this.stop();
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.out = new DynamicsCompressorNode(this.context, { threshold: -12, ratio: 4 });
      this.out.connect(this.context.destination);
    }
    this.context.resume();
    this.next = from; // the step that is scheduled next
    this.at = this.context.currentTime + 0.06; // and when it sounds
    this.timer = setInterval(() => this.schedule(), 25);
    this.schedule();
    this.follow();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const { tone, loud } of this.sounding) {
      loud.gain.cancelScheduledValues(0);
      loud.gain.setTargetAtTime(0, this.context.currentTime, 0.02);
      tone.stop(this.context.currentTime + 0.15);
    }
    this.sounding = [];
    this.steps = [];
  }

  schedule() {
    const ahead = document.hidden ? AHEAD_HIDDEN : AHEAD;
    // after the machine slept there is nothing to catch up with
    this.at = Math.max(this.at, this.context.currentTime);
    while (this.isPlaying && this.at < this.context.currentTime + ahead) {
      if (this.next >= this.score().steps) {
        if (!this.goesOn()) return;
      }
      const { notes, seconds } = this.score();
      for (const note of notes) {
        if (note.start !== this.next) continue;
        const held = (note.end - note.start) * seconds;
        const struck = strike(this.context, this.out, note.pitch, this.at, held);
        this.sounding.push(struck);
        struck.tone.onended = () => (this.sounding = this.sounding.filter((one) => one !== struck));
      }
      this.steps.push({ step: this.next, at: this.at, seconds });
      this.next += 1;
      this.at += seconds;
    }
  }

  /** At the end: from the beginning, or stop when the last step is over. */
  goesOn() {
    if (this.ended()) {
      this.next = 0;
      return true;
    }
    clearInterval(this.timer);
    const left = this.at - this.context.currentTime;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.steps = [];
      this.sounding = [];
      this.moved(null);
    }, 1000 * left);
    return false;
  }

  /** Tell, picture by picture, which step sounds, with its fraction. */
  follow() {
    if (!this.isPlaying) return this.moved(null);
    const now = this.context.currentTime;
    while (this.steps.length > 1 && this.steps[1].at <= now) this.steps.shift();
    const [first] = this.steps;
    if (first && first.at <= now) this.moved(first.step + Math.min((now - first.at) / first.seconds, 1));
    requestAnimationFrame(() => this.follow());
  }
}
