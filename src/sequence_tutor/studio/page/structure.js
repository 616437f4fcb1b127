// A drawn structure without the page: {atoms, bonds}, where places are in lengths of a bond, y downwards as on
// the screen, and a bond names its atoms by their numbers. Every edit gives a new structure, so that
// undo needs nothing but the earlier ones. What is possible is for the service to say.

export const EMPTY = { atoms: [], bonds: [] };

const MOST_CHARGE = 4;
const STEP = Math.PI / 6; // bonds are drawn at multiples of 30 degrees
const SAME = 0.3; // two atoms that are nearer than this are one

export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
const angleOf = (from, to) => Math.atan2(to.y - from.y, to.x - from.x);
const along = (from, angle, length = 1) => ({
  x: from.x + length * Math.cos(angle),
  y: from.y + length * Math.sin(angle),
});

const atomOf = (element, { x, y }) => ({ element, x, y, charge: 0 });

// What a file said of an atom, such as a radical, holds until the atom is changed.
const plain = ({ valence, radical, ...atom }) => atom;
const touched = (atoms, places) =>
  atoms.map((atom, place) => (places.includes(place) ? plain(atom) : atom));

export const bondsOf = ({ bonds }, place) =>
  bonds.filter(({ from, to }) => from === place || to === place);
export const neighbours = (structure, place) =>
  bondsOf(structure, place).map(({ from, to }) => (from === place ? to : from));

export function withAtom({ atoms, bonds }, element, point) {
  return { atoms: [...atoms, atomOf(element, point)], bonds };
}

export function withElement({ atoms, bonds }, place, element) {
  const changed = atoms.map((atom, own) => (own === place ? atomOf(element, atom) : atom));
  return { atoms: changed, bonds };
}

export function withCharge({ atoms, bonds }, place, step) {
  const charged = (atom) => {
    const charge = Math.max(-MOST_CHARGE, Math.min(atom.charge + step, MOST_CHARGE));
    return { ...plain(atom), charge };
  };
  return { atoms: atoms.map((atom, own) => (own === place ? charged(atom) : atom)), bonds };
}

// The number of the bond between two atoms, or -1.
export const bondBetween = ({ bonds }, a, b) =>
  bonds.findIndex(({ from, to }) => (from === a && to === b) || (from === b && to === a));

export function withOrder({ atoms, bonds }, number, order) {
  const { from, to } = bonds[number];
  const changed = bonds.map((bond, own) => (own === number ? { from, to, order, stereo: 0 } : bond));
  return { atoms: touched(atoms, [from, to]), bonds: changed };
}

// Single, double, triple and single again.
export const withNextOrder = (structure, number) =>
  withOrder(structure, number, (structure.bonds[number].order % 3) + 1);

export function withBond(structure, from, to, order) {
  if (from === to) return structure;
  const there = bondBetween(structure, from, to);
  if (there >= 0) return withOrder(structure, there, order);
  return {
    atoms: touched(structure.atoms, [from, to]),
    bonds: [...structure.bonds, { from, to, order, stereo: 0 }],
  };
}

export function moved({ atoms, bonds }, places, dx, dy) {
  const shift = (atom) => ({ ...atom, x: atom.x + dx, y: atom.y + dy });
  return { atoms: atoms.map((atom, own) => (places.includes(own) ? shift(atom) : atom)), bonds };
}

export function withoutBond({ atoms, bonds }, number) {
  const { from, to } = bonds[number];
  return { atoms: touched(atoms, [from, to]), bonds: bonds.filter((_, own) => own !== number) };
}

export function withoutAtom(structure, place) {
  const left = touched(structure.atoms, neighbours(structure, place));
  const after = (own) => (own > place ? own - 1 : own);
  const bonds = structure.bonds
    .filter(({ from, to }) => from !== place && to !== place)
    .map((bond) => ({ ...bond, from: after(bond.from), to: after(bond.to) }));
  return { atoms: left.filter((_, own) => own !== place), bonds };
}

// The atom at a point, or -1.
export function atomAt({ atoms }, point, reach = SAME) {
  let found = -1;
  atoms.forEach((atom, place) => {
    const nearer = found < 0 || distance(atom, point) < distance(atoms[found], point);
    if (distance(atom, point) < reach && nearer) found = place;
  });
  return found;
}

// The end of a bond that is pulled towards a point: of usual length, in steps of 30 degrees.
export function snapped(from, point) {
  return along(from, Math.round(angleOf(from, point) / STEP) * STEP);
}

// Where a new bond of an atom ends: at 120 degrees to a single neighbour, away from everything else;
// opposite of it at triple bonds and between two double ones; else in the middle of the widest gap.
export function freeEnd(structure, place, order = 1) {
  const { atoms } = structure;
  const own = atoms[place];
  const angles = neighbours(structure, place).map((other) => angleOf(own, atoms[other]));
  if (!angles.length) return along(own, -STEP);
  if (angles.length === 1) {
    const [bond] = bondsOf(structure, place);
    const isStraight = order === 3 || bond.order === 3 || order + bond.order === 4;
    if (isStraight) return along(own, angles[0] + Math.PI);
    const others = atoms.filter((_, at) => at !== place && at !== bond.from && at !== bond.to);
    const room = (end) => Math.min(...others.map((atom) => distance(atom, end)), 9);
    const aside = (end) => Math.abs(end.y - own.y); // a chain goes to the right or left
    const [one, other] = [4, -4].map((steps) => along(own, angles[0] + steps * STEP));
    const gain = room(one) - room(other);
    if (Math.abs(gain) > 0.01) return gain > 0 ? one : other;
    return aside(one) < aside(other) ? one : other;
  }
  angles.sort((a, b) => a - b);
  let [widest, begin] = [0, 0];
  angles.forEach((angle, number) => {
    const next = number + 1 < angles.length ? angles[number + 1] : angles[0] + 2 * Math.PI;
    if (next - angle > widest + 1e-6) [widest, begin] = [next - angle, angle];
  });
  return along(own, begin + widest / 2);
}

// A bond from an atom to a point: to the atom that is there, or to a new one.
// Gives the structure and the number of the atom at its end.
export function grown(structure, from, { element = "C", order = 1, end } = {}) {
  const point = end || freeEnd(structure, from, order);
  const there = atomAt(structure, point);
  if (there === from) return [structure, from];
  if (there >= 0) return [withBond(structure, from, there, order), there];
  const to = structure.atoms.length;
  return [withBond(withAtom(structure, element, point), from, to, order), to];
}
