// What a tool does with a structure where it is pressed, or pulled from one place to another. Each gives the
// new structure and where the caret is then, {atom}, {bond} or null.

import { pointOf } from "./places.js";
import { withRing } from "./rings.js";
import {
  atomAt,
  grown,
  moved,
  snapped,
  withAtom,
  withCharge,
  withElement,
  withNextOrder,
  withOrder,
  withoutAtom,
  withoutBond,
} from "./structure.js";

export const ELEMENTS = ["C", "N", "O", "S", "F", "Cl", "Br", "P"];
export const POINT = "*"; // where a fragment is open for groups

export function begun(structure, element, point) {
  return [withAtom(structure, element, point), { atom: structure.atoms.length }];
}

function grownFrom(structure, from, how) {
  const [next, atom] = grown(structure, from, how);
  return [next, { atom }];
}

// The caret is then on what is nearest.
export function erased(structure, where) {
  if (!where) return [structure, null];
  const point = pointOf(structure, where);
  const isAtom = where.atom !== undefined;
  const next = isAtom ? withoutAtom(structure, where.atom) : withoutBond(structure, where.bond);
  const atom = atomAt(next, point, Infinity);
  return [next, atom < 0 ? null : { atom }];
}

function elementSet(structure, { element }, where, point) {
  if (!where) return begun(structure, element, point);
  if (where.bond !== undefined) return [withNextOrder(structure, where.bond), where];
  const isSame = structure.atoms[where.atom].element === element;
  if (isSame) return grownFrom(structure, where.atom, { element });
  return [withElement(structure, where.atom, element), where];
}

function bondSet(structure, { order }, where, point) {
  if (!where) {
    const first = { x: point.x - 0.433, y: point.y + 0.25 }; // so that its middle is where it was pressed
    const [next, { atom }] = begun(structure, "C", first);
    return grownFrom(next, atom, { order });
  }
  if (where.atom !== undefined) return grownFrom(structure, where.atom, { order });
  const isSame = structure.bonds[where.bond].order === order;
  const next = isSame ? withNextOrder(structure, where.bond) : withOrder(structure, where.bond, order);
  return [next, where];
}

function ringSet(structure, { ring }, where, point) {
  const next = withRing(structure, ring, where || point);
  return [next, where || { atom: structure.atoms.length }];
}

function charged(structure, { step }, where) {
  if (where?.atom === undefined) return [structure, where];
  return [withCharge(structure, where.atom, step), where];
}

const PRESSED = {
  atom: elementSet,
  bond: bondSet,
  ring: ringSet,
  charge: charged,
  erase: (structure, _, where) => erased(structure, where),
  move: (structure, _, where) => [structure, where],
};

export const pressed = (structure, tool, where, point) =>
  PRESSED[tool.kind](structure, tool, where, point);

export function shifted(structure, where, dx, dy) {
  if (!where) return structure;
  const { from, to } = where.bond !== undefined ? structure.bonds[where.bond] : {};
  return moved(structure, where.atom !== undefined ? [where.atom] : [from, to], dx, dy);
}

// A bond is pulled from an atom, or from nothing, to an atom or to a new one.
function bondPulled(structure, { element = "C", order = 1 }, where, start, to) {
  const over = atomAt(structure, to, 0.4);
  let [next, from] = [structure, where?.atom];
  if (from === undefined) {
    next = withAtom(structure, over < 0 ? "C" : element, start); // what the tool is named for is new
    from = structure.atoms.length;
  }
  const end = over >= 0 && over !== from ? next.atoms[over] : snapped(next.atoms[from], to);
  return grownFrom(next, from, { element, order, end });
}

export function pulled(structure, tool, where, start, to) {
  if (tool.kind === "move") return [shifted(structure, where, to.x - start.x, to.y - start.y), where];
  const isBond = where?.bond !== undefined;
  if ((tool.kind === "atom" || tool.kind === "bond") && !isBond) {
    return bondPulled(structure, tool, where, start, to);
  }
  return pressed(structure, tool, where, start);
}
