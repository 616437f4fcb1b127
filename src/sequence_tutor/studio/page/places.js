// What is where in a drawn structure, for pointer and caret, and how its atoms are written.

import { atomAt, bondsOf, distance, neighbours } from "./structure.js";

const NEAR_ATOM = 0.38; // in lengths of a bond
const NEAR_BOND = 0.25;
const WIDE = Math.PI / 3; // an arrow key leads to what is less than 60 degrees off its direction

export function pointOf({ atoms, bonds }, where) {
  if (where.atom !== undefined) return atoms[where.atom];
  const { from, to } = bonds[where.bond];
  return { x: (atoms[from].x + atoms[to].x) / 2, y: (atoms[from].y + atoms[to].y) / 2 };
}

function toSegment(point, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy || 1;
  const share = ((point.x - a.x) * dx + (point.y - a.y) * dy) / square;
  const held = Math.max(0, Math.min(share, 1));
  return distance(point, { x: a.x + held * dx, y: a.y + held * dy });
}

// {atom} or {bond} at a point, or null. `finger` widens what is hit.
export function whatIsAt(structure, point, finger = 1) {
  const atom = atomAt(structure, point, Math.min(NEAR_ATOM * finger, 0.48));
  if (atom >= 0) return { atom };
  let found = null;
  let nearest = NEAR_BOND * finger;
  structure.bonds.forEach(({ from, to }, bond) => {
    const off = toSegment(point, structure.atoms[from], structure.atoms[to]);
    if (off < nearest) [found, nearest] = [{ bond }, off];
  });
  return found;
}

// What an arrow key leads to: the nearest atom or bond in its direction, or where the caret is.
export function nextTo(structure, where, dx, dy) {
  const all = [
    ...structure.atoms.map((_, atom) => ({ atom })),
    ...structure.bonds.map((_, bond) => ({ bond })),
  ];
  if (!where) return all[0] || null;
  const own = pointOf(structure, where);
  let [found, least] = [where, Infinity];
  for (const other of all) {
    const point = pointOf(structure, other);
    const far = distance(own, point);
    const cosine = far ? ((point.x - own.x) * dx + (point.y - own.y) * dy) / far : -1;
    const off = Math.acos(Math.max(-1, Math.min(cosine, 1)));
    if (far < 0.05 || off > WIDE + 0.01) continue;
    const cost = far * (1 + off); // straight ahead before aside
    if (cost < least - 1e-6) [found, least] = [other, cost];
  }
  return found;
}

// Usual numbers of bonds, for the hydrogens that are shown; the service decides what is possible.
const VALENCES = {
  B: [3], C: [4], N: [3], O: [2], F: [1], Si: [4], P: [3, 5], S: [2, 4, 6], Cl: [1], Se: [2, 4, 6],
  Br: [1], I: [1],
};
const LOSES = new Set(["C", "Si"]); // with either charge
const GAINS = new Set(["B"]); // with a negative one

export function hydrogens(structure, place) {
  const { element, charge, radical, valence } = structure.atoms[place];
  const drawn = bondsOf(structure, place).reduce((sum, { order }) => sum + order, 0);
  if (valence) return valence === 15 ? 0 : Math.max(0, valence - drawn);
  if (radical || !VALENCES[element]) return 0;
  let shift = charge;
  if (LOSES.has(element)) shift = -Math.abs(charge);
  if (GAINS.has(element)) shift = -charge;
  const fits = VALENCES[element].map((most) => most + shift - drawn).find((left) => left >= 0);
  return fits || 0;
}

const small = (text, from) => [...text].map((digit) => from[Number(digit)]).join("");
const lower = (count) => (count > 1 ? small(`${count}`, "₀₁₂₃₄₅₆₇₈₉") : "");
const upper = (count) => small(`${count}`, "⁰¹²³⁴⁵⁶⁷⁸⁹");

function chargeText(charge) {
  if (!charge) return "";
  return `${Math.abs(charge) > 1 ? Math.abs(charge) : ""}${charge > 0 ? "+" : "−"}`;
}

// How an atom is written: {before, symbol, after, charge}, or null for a carbon that is a corner.
// Hydrogens are on the side where no bonds are.
export function labelOf(structure, place) {
  const atom = structure.atoms[place];
  const others = neighbours(structure, place);
  const isCorner = atom.element === "C" && !atom.charge && !atom.isotope && !atom.radical;
  if (isCorner && others.length) return null;
  const count = hydrogens(structure, place);
  const own = count ? `H${lower(count)}` : "";
  const mass = atom.isotope ? upper(atom.isotope) : "";
  const dot = atom.radical ? "•" : "";
  const charge = chargeText(atom.charge);
  const lean = others.reduce((sum, other) => sum + structure.atoms[other].x - atom.x, 0);
  const isLeft = lean > 0.2 && own;
  return isLeft
    ? { before: own + mass, symbol: atom.element, after: dot, charge }
    : { before: mass, symbol: atom.element, after: own + dot, charge };
}

const ORDERS = { 1: "single", 2: "double", 3: "triple" };

// What is at the caret, in words: "O, 1 hydrogen, bound to C".
export function inWords(structure, where) {
  if (!where) return structure.atoms.length ? "no atom chosen" : "nothing drawn";
  if (where.bond !== undefined) {
    const { from, to, order } = structure.bonds[where.bond];
    const [a, b] = [from, to].map((place) => structure.atoms[place].element);
    return `${ORDERS[order]} bond from ${a} to ${b}`;
  }
  const { element, charge } = structure.atoms[where.atom];
  const count = hydrogens(structure, where.atom);
  const bound = neighbours(structure, where.atom).map((other) => structure.atoms[other].element);
  const symbol = element === "*" ? "attachment point" : element;
  return [
    symbol,
    charge ? `charge ${charge}` : "",
    count ? `${count} hydrogen${count > 1 ? "s" : ""}` : "",
    bound.length ? `bound to ${bound.join(", ")}` : "",
  ]
    .filter(Boolean)
    .join(", ");
}
