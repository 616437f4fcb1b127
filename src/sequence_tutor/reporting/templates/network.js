"use strict";
// A recurrent network of this program, one token at a time. It reads a network of the file that
// `sequence-tutor export --to json` writes; docs/exporting.md describes the fields.

const REPETITIONS = [1, 2, 4, 8, 16, 32]; // lengths of a repetition that are told apart

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HALF = 2 ** 20;

/**
 * The numbers of a tensor in row-major order: single precision, or integers of 21 bits, two in
 * seven digits of base64, times a factor for each row.
 */
function numbersOf({ shape, float32, factors, int21 }) {
  if (float32 !== undefined) return new Float32Array(bytesOf(float32).buffer);
  const [scales, values] = [new Float32Array(bytesOf(factors).buffer), new Uint8Array(128)];
  [...DIGITS].forEach((digit, value) => (values[digit.charCodeAt(0)] = value));
  const numbers = new Float32Array(shape.reduce((all, one) => all * one, 1));
  const columns = numbers.length / scales.length;
  const set = (place, whole) => {
    if (place < numbers.length) numbers[place] = scales[Math.floor(place / columns)] * (whole - HALF);
  };
  for (let at = 0, place = 0; at < int21.length; at += 7, place += 2) {
    const [a, b, c, d, e, f, g] = [0, 1, 2, 3, 4, 5, 6].map((i) => values[int21.charCodeAt(at + i)]);
    set(place, (a << 15) | (b << 9) | (c << 3) | (d >> 3));
    set(place + 1, ((d & 7) << 18) | (e << 12) | (f << 6) | g);
  }
  return numbers;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** Adds to `into` what the rows of `matrix` (rows, width), from `first` on, make of `vector`. */
function addProducts(into, matrix, vector, first = 0, width = vector.length) {
  for (let row = 0, at = 0; row < into.length; row++, at += width) {
    let sum = 0;
    for (let i = 0; i < vector.length; i++) sum += matrix[at + first + i] * vector[i];
    into[row] += sum;
  }
}

/** What a step sees beside its own memory: the models' module `lookback`. */
class Lookback {
  constructor({ lags = [], periods, period = 0 }, vocabSize) {
    this.lags = lags;
    this.periods = periods ?? (period ? [period] : []);
    this.vocabSize = vocabSize;
    this.begin();
  }

  begin() {
    this.tokens = []; // so far, the start token aside
    this.runs = this.lags.map(() => 0); // for how long each lag has been repeated
  }

  /** The token so many steps before the one to come. */
  back(distance) {
    return this.tokens[this.tokens.length - distance] ?? this.vocabSize;
  }

  /** Rows of the input table, and among them, as numbers from 0, those that tell of repetitions. */
  see(previous) {
    const height = this.vocabSize + 1;
    const isToken = previous < this.vocabSize;
    if (isToken) this.tokens.push(previous);
    const rows = [previous, ...this.lags.map((lag, i) => height * (1 + i) + this.back(lag))];
    let first = height * (1 + this.lags.length);
    for (const period of this.periods) {
      rows.push(first + (this.tokens.length % period));
      first += period;
    }
    const repeated = [];
    this.lags.forEach((lag, i) => {
      const repeats = isToken && this.back(lag + 1) === previous;
      this.runs[i] = repeats ? this.runs[i] + 1 : 0;
      const long = REPETITIONS.filter((length) => length <= this.runs[i]).length;
      if (long) repeated.push(REPETITIONS.length * i + long - 1);
    });
    return { rows: [...rows, ...repeated.map((one) => first + one)], repeated };
  }
}

class RecurrentNetwork {
  constructor({ architecture, outputs, weights }, vocabSize) {
    const { cell, width, layers } = architecture;
    this.isLstm = cell === "lstm";
    this.width = width;
    this.outputs = outputs;
    this.lookback = new Lookback(architecture, vocabSize);
    this.layers = Array.from({ length: layers }, (_, place) => {
      const [fromInput, fromHidden, bias, hiddenBias] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(
        (name) => numbersOf(weights[`recurrence.${name}_l${place}`]),
      );
      return { fromInput, fromHidden, bias, hiddenBias };
    });
    this.inputs = weights["recurrence.weight_ih_l0"].shape[1];
    this.head = { weight: numbersOf(weights["head.weight"]), bias: numbersOf(weights["head.bias"]) };
    if (architecture.lags?.length) {
      const [weight, bias] = ["weight", "bias"].map((name) => numbersOf(weights[`copy_gates.${name}`]));
      this.copying = { weight, bias };
    }
    this.begin();
  }

  /** Forget everything: the next step is that of the start token. */
  begin() {
    this.lookback.begin();
    this.memory = this.layers.map(() => ({
      hidden: new Float32Array(this.width),
      cell: new Float32Array(this.width),
    }));
  }

  /** The outputs after a token, or after the start token, whose number is V. */
  step(previous) {
    const { rows, repeated } = this.lookback.see(previous);
    let features = null;
    this.layers.forEach((layer, place) => {
      const gates = Float32Array.from(layer.bias);
      if (place) addProducts(gates, layer.fromInput, features);
      else this.addRows(gates, layer.fromInput, rows);
      const memory = this.memory[place];
      (this.isLstm ? lstmStep : gruStep)(gates, layer, memory, this.width);
      features = memory.hidden;
    });
    const found = Float32Array.from(this.head.bias);
    addProducts(found, this.head.weight, features);
    if (this.copying) this.addCopies(found, features, repeated);
    return found;
  }

  addRows(gates, table, rows) {
    for (let gate = 0, at = 0; gate < gates.length; gate++, at += this.inputs) {
      let sum = 0;
      for (const row of rows) sum += table[at + row];
      gates[gate] += sum;
    }
  }

  /** Each lag's gate is added to the output of the token that stands there. */
  addCopies(found, features, repeated) {
    const { lags, vocabSize } = this.lookback;
    const wide = this.width + REPETITIONS.length * lags.length;
    const gates = Float32Array.from(this.copying.bias);
    addProducts(gates, this.copying.weight, features, 0, wide);
    lags.forEach((lag, i) => {
      for (const one of repeated) gates[i] += this.copying.weight[wide * i + this.width + one];
      const token = this.lookback.back(lag);
      if (token < vocabSize) found[token] += gates[i];
    });
  }
}

/** Gates in torch's order: input, forget, candidate, output. */
function lstmStep(gates, { fromHidden, hiddenBias }, { hidden, cell }, width) {
  addProducts(gates, fromHidden, hidden);
  for (let i = 0; i < gates.length; i++) gates[i] += hiddenBias[i];
  for (let i = 0; i < width; i++) {
    const candidate = Math.tanh(gates[2 * width + i]);
    cell[i] = sigmoid(gates[width + i]) * cell[i] + sigmoid(gates[i]) * candidate;
    hidden[i] = sigmoid(gates[3 * width + i]) * Math.tanh(cell[i]);
  }
}

/** Gates in torch's order: reset, update, new. */
function gruStep(gates, { fromHidden, hiddenBias }, { hidden }, width) {
  const recurrent = Float32Array.from(hiddenBias);
  addProducts(recurrent, fromHidden, hidden);
  for (let i = 0; i < width; i++) {
    const reset = sigmoid(gates[i] + recurrent[i]);
    const update = sigmoid(gates[width + i] + recurrent[width + i]);
    const candidate = Math.tanh(gates[2 * width + i] + reset * recurrent[2 * width + i]);
    hidden[i] = (1 - update) * candidate + update * hidden[i];
  }
}
