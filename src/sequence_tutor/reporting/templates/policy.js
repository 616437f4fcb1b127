"use strict";
// Policies as sums of networks, and melodies sampled between, at and beyond them.

function logSoftmax(numbers) {
  const largest = Math.max(...numbers);
  const total = Math.log(numbers.reduce((sum, one) => sum + Math.exp(one - largest), 0)) + largest;
  return numbers.map((one) => one - total);
}

/** The same numbers from 0 to 1 for the same seed (Tommy Ettinger's mulberry32). */
function randomNumbers(seed) {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Log-probabilities at a strength and a temperature, from those of the prior and of the tuned
 * model: p^(1 - s) pi^s to the power of 1 / T at every step. 0 is the prior, 1 the tuned model;
 * beyond 1 what tuning changed is exaggerated.
 */
function between(prior, tuned, strength, temperature) {
  return logSoftmax(
    prior.map((one, i) => ((1 - strength) * one + strength * tuned[i]) / temperature),
  );
}

/** The token whose share of the line from 0 to 1 contains the number. */
function choose(logProbs, number) {
  let left = number;
  for (let token = 0; token < logProbs.length; token++) {
    left -= Math.exp(logProbs[token]);
    if (left < 0) return token;
  }
  return logProbs.indexOf(Math.max(...logProbs)); // the shares add up to a little less than 1
}

/** The prior and the tuned model of a run. */
class Policies {
  constructor(run, networks, vocabSize) {
    Object.assign(this, { run, networks, vocabSize });
  }

  begin() {
    for (const network of this.networks) network.begin();
  }

  /** Log-probabilities of prior and tuned model after a token or, before the first, after V. */
  step(previous) {
    const outputs = this.networks.map((network) => network.step(previous));
    const added = (parts) => {
      const sums = new Array(this.vocabSize).fill(0);
      for (const [place, factor] of parts) {
        for (let i = 0; i < sums.length; i++) sums[i] += factor * outputs[place][i];
      }
      return logSoftmax(sums);
    };
    return { prior: added(this.run.prior), tuned: added(this.run.tuned) };
  }

  /** A melody: its tokens, and what prior and tuned model said of each, in nats. */
  write({ seed, strength, temperature }) {
    const random = randomNumbers(seed);
    const written = { tokens: [], prior: [], tuned: [] };
    let previous = this.vocabSize;
    this.begin();
    for (let step = 0; step < this.run.length; step++) {
      const { prior, tuned } = this.step(previous);
      const number = random(); // also of a step that is given, so that lengths of it agree
      previous = this.run.prefix[step] ?? choose(between(prior, tuned, strength, temperature), number);
      written.tokens.push(previous);
      written.prior.push(prior[previous]);
      written.tuned.push(tuned[previous]);
    }
    return written;
  }
}

/** The policies of every run; networks that runs share are unpacked once. */
function allPolicies({ runs, networks, vocab_size: vocabSize }) {
  const unpacked = networks.map((one) => new RecurrentNetwork(one, vocabSize));
  return runs.map((run) => {
    const used = [...new Set([...run.prior, ...run.tuned].map(([place]) => place))];
    const own = (parts) => parts.map(([place, factor]) => [used.indexOf(place), factor]);
    const placed = { ...run, prior: own(run.prior), tuned: own(run.tuned) };
    return new Policies(placed, used.map((place) => unpacked[place]), vocabSize);
  });
}
