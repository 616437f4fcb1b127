// Rings that are added to a structure: on nothing, at an atom, or along a bond.

import { atomAt, bondBetween, bondsOf, freeEnd, neighbours, withAtom, withBond } from "./structure.js";

const RINGS = {
  benzene: { size: 6, isAromatic: true },
  cyclohexane: { size: 6, isAromatic: false },
  cyclopentane: { size: 5, isAromatic: false },
};

const radius = (size) => 1 / (2 * Math.sin(Math.PI / size));

// The corners of a ring around a centre, from one of them on; `turn` is 1 or -1.
function corners(centre, first, size, turn) {
  const begin = Math.atan2(first.y - centre.y, first.x - centre.x);
  return Array.from({ length: size }, (_, number) => ({
    x: centre.x + radius(size) * Math.cos(begin + (turn * number * 2 * Math.PI) / size),
    y: centre.y + radius(size) * Math.sin(begin + (turn * number * 2 * Math.PI) / size),
  }));
}

function alone(point, size) {
  return corners(point, { x: point.x, y: point.y - 1 }, size, 1);
}

function atAtom(structure, place, size) {
  const own = structure.atoms[place];
  const end = freeEnd(structure, place);
  const far = radius(size);
  const centre = { x: own.x + far * (end.x - own.x), y: own.y + far * (end.y - own.y) };
  return corners(centre, own, size, 1);
}

// On the side of the bond where fewer neighbours are.
function alongBond(structure, number, size) {
  const { from, to } = structure.bonds[number];
  const [a, b] = [structure.atoms[from], structure.atoms[to]];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const sides = [from, to]
    .flatMap((place) => neighbours(structure, place))
    .map((place) => structure.atoms[place])
    .map((atom) => Math.sign(Math.round((dx * (atom.y - a.y) - dy * (atom.x - a.x)) * 1000)));
  const side = sides.reduce((sum, one) => sum + one, 0) > 0 ? -1 : 1;
  const high = (radius(size) * Math.cos(Math.PI / size)) / (Math.hypot(dx, dy) || 1);
  const centre = {
    x: (a.x + b.x) / 2 - side * high * dy,
    y: (a.y + b.y) / 2 + side * high * dx,
  };
  return corners(centre, a, size, side);
}

// Double bonds at every second place, where both atoms have single ones only.
function alternating(structure, ring, phase) {
  return ring.reduce((found, [from, to], number) => {
    const isFree = [from, to].every((place) =>
      bondsOf(found, place).every(({ order }) => order === 1),
    );
    return number % 2 === phase && isFree ? withBond(found, from, to, 2) : found;
  }, structure);
}

// A ring as `RINGS` names it, at `where`: {atom}, {bond} or {x, y}. Atoms and bonds that are at its
// places stay what they are.
export function withRing(structure, name, where) {
  const { size, isAromatic } = RINGS[name];
  let points = null;
  if (where.atom !== undefined) points = atAtom(structure, where.atom, size);
  else if (where.bond !== undefined) points = alongBond(structure, where.bond, size);
  else points = alone(where, size);
  let found = structure;
  const places = points.map((point) => {
    const there = atomAt(found, point);
    if (there >= 0) return there;
    found = withAtom(found, "C", point);
    return found.atoms.length - 1;
  });
  const ring = places.map((from, number) => [from, places[(number + 1) % size]]);
  for (const [from, to] of ring) {
    if (bondBetween(found, from, to) < 0) found = withBond(found, from, to, 1);
  }
  if (!isAromatic) return found;
  const doubles = ({ bonds }) => bonds.filter(({ order }) => order === 2).length;
  const [one, other] = [0, 1].map((phase) => alternating(found, ring, phase));
  return doubles(other) > doubles(one) ? other : one;
}
