// Sound by Web Audio: each note is computed once, as the WAV files of the service are, and kept. A tone
// is a sum of partials that start at phase 0; those of a string decay, the higher ones faster.

const RATE = 44100;
const PARTIALS = 12;
const LONGEST = 2.8; // seconds of a string
const ATTACK = 0.006;
const RELEASE = 0.09;
const ROOM = 1.3; // seconds of the room's echo
const BACKING = 0.22; // loudness of a chord's note beside one of the melody

// Loudness of each partial, how fast the first decays, and how fast the tone begins.
const VOICES = {
  strings: { title: "Strings", partial: (k) => k ** -1.5, decay: 1.1, detune: 0.7, attack: ATTACK },
  flute: {
    title: "Flute",
    partial: (k) => [1, 0.42, 0.2, 0.07, 0.03][k - 1] || 0,
    decay: 0,
    detune: 0,
    attack: 0.045,
  },
  organ: {
    title: "Organ",
    partial: (k) => [1, 0.6, 0.35, 0.3, 0, 0.18, 0, 0.15][k - 1] || 0,
    decay: 0,
    detune: 0.5,
    attack: 0.02,
  },
};
export const voiceTitles = Object.entries(VOICES).map(([name, { title }]) => [name, title]);

let context = null;
let out = null; // everything goes through it
const tones = new Map();

// The context, made at the first press, as browsers ask.
export function audio() {
  if (!context) {
    context = new AudioContext({ latencyHint: "interactive", sampleRate: RATE });
    const limiter = new DynamicsCompressorNode(context, { threshold: -9, ratio: 6, attack: 0.002 });
    const room = new ConvolverNode(context, { buffer: echo() });
    const wet = new GainNode(context, { gain: 0.16 });
    out = new GainNode(context, { gain: 0.42 });
    out.connect(limiter);
    out.connect(room).connect(wet).connect(limiter);
    limiter.connect(context.destination);
  }
  if (context.state === "suspended") context.resume();
  return context;
}

// A quiet room: noise that fades, the same at every start.
function echo() {
  const buffer = context.createBuffer(2, ROOM * RATE, RATE);
  let seed = 1;
  for (const side of [0, 1]) {
    const samples = buffer.getChannelData(side);
    let low = 0;
    for (let place = 0; place < samples.length; place += 1) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const noise = seed / 1073741824 - 1;
      low += 0.35 * (noise - low); // walls take the high tones
      samples[place] = 0.25 * low * Math.exp((-5.5 * place) / samples.length);
    }
  }
  return buffer;
}

// One side of a tone: partial k by the recurrence of a decaying sine.
function addTone(samples, frequency, voice) {
  const decay = voice.decay * Math.sqrt(frequency / 262); // shorter strings decay faster
  for (let k = 1; k <= PARTIALS && k * frequency < RATE / 2.2; k += 1) {
    const size = voice.partial(k);
    if (!size) continue;
    const turn = (2 * Math.PI * k * frequency) / RATE;
    const fade = Math.exp((-decay * (1 + k)) / 2 / RATE);
    const first = 2 * fade * Math.cos(turn);
    const second = -fade * fade;
    let before = 0;
    let now = size * fade * Math.sin(turn);
    for (let place = 1; place < samples.length; place += 1) {
      samples[place] += now;
      [before, now] = [now, first * now + second * before];
    }
  }
}

function tone(pitch, name) {
  const known = `${name} ${pitch}`;
  if (!tones.has(known)) {
    const voice = VOICES[name] || VOICES.strings;
    const buffer = new AudioBuffer({ numberOfChannels: 2, length: LONGEST * RATE, sampleRate: RATE });
    const frequency = 440 * 2 ** ((pitch - 69) / 12);
    for (const side of [0, 1]) {
      const cents = (side ? 1 : -1) * voice.detune;
      addTone(buffer.getChannelData(side), frequency * 2 ** (cents / 1200), voice);
    }
    tones.set(known, buffer);
  }
  return tones.get(known);
}

// Tones that will be needed are computed before they are.
export function prepare(pitches, name) {
  for (const pitch of new Set(pitches)) tone(pitch, name);
}

// While the page has nothing else to do, the tones of all pitches: then the first sound waits for none.
export function warm(low, high, name) {
  const next = (pitch) => {
    if (pitch > high) return;
    tone(pitch, name);
    requestIdleCallback(() => next(pitch + 1), { timeout: 500 });
  };
  requestIdleCallback(() => next(low));
}

// A note from one time of the context to another; gives the function that ends it early.
export function sound(pitch, start, end, { voice = "strings", quiet = false } = {}) {
  const sounding = VOICES[voice] || VOICES.strings;
  const level = (quiet ? BACKING : 1) * (sounding.decay ? 1 : 0.5);
  const attack = Math.min(sounding.attack, (end - start) / 2);
  const source = new AudioBufferSourceNode(context, { buffer: tone(pitch, voice) });
  if (!sounding.decay) Object.assign(source, { loop: true, loopStart: 0.5, loopEnd: 2.5 });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(level, start + attack);
  gain.gain.setValueAtTime(level, end);
  gain.gain.setTargetAtTime(0, end, RELEASE / 3);
  source.connect(gain).connect(out);
  source.start(start);
  source.stop(end + 2 * RELEASE);
  return () => {
    const now = context.currentTime;
    gain.gain.cancelScheduledValues(now);
    gain.gain.setTargetAtTime(0, now, 0.012);
    source.stop(now + 0.08);
  };
}

// What is touched is heard at once.
export function touch(pitch, voice) {
  const now = audio().currentTime;
  sound(pitch, now, now + 0.28, { voice });
}
