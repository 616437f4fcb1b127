// Structures as MDL molfiles (V2000), the format in which the service and other programs draw.
// Source: CTfile Formats, BIOVIA 2020.

const BOND = 1.5; // length of a bond there

const column = (value, wide) => String(value).padStart(wide);
const place = (value) => column(value.toFixed(4), 10);
const NAMED = { "*": "R" }; // an attachment point

function atomLine({ element, x, y, valence = 0, map = 0 }) {
  const symbol = (NAMED[element] || element).padEnd(3);
  const fields = [0, 0, 0, 0, valence, 0, 0, 0, map, 0, 0].map((value) => column(value, 3));
  return `${place(x * BOND)}${place(-y * BOND)}${place(0)} ${symbol} 0${fields.join("")}`;
}

// Such as "M  CHG  1   4   1": the atoms of which a property is not 0.
function properties(atoms) {
  return [
    ["CHG", "charge"],
    ["ISO", "isotope"],
    ["RAD", "radical"],
  ].flatMap(([code, name]) =>
    atoms.flatMap((atom, number) =>
      atom[name] ? [`M  ${code}  1 ${column(number + 1, 3)} ${column(atom[name], 3)}`] : [],
    ),
  );
}

export function toMolfile({ atoms, bonds }) {
  const counts = `${column(atoms.length, 3)}${column(bonds.length, 3)}`;
  return [
    "",
    "  studio",
    "",
    `${counts}  0  0  0  0  0  0  0  0999 V2000`,
    ...atoms.map(atomLine),
    ...bonds.map(({ from, to, order, stereo }) =>
      [from + 1, to + 1, order, stereo || 0].map((value) => column(value, 3)).join(""),
    ),
    ...properties(atoms),
    "M  END",
    "",
  ].join("\n");
}

const FIELDS = { CHG: "charge", ISO: "isotope", RAD: "radical" };

function readProperties(line, atoms) {
  const name = FIELDS[line.slice(3, 6)];
  if (!line.startsWith("M  ") || !name) return;
  const values = line.slice(9).trim().split(/\s+/).map(Number);
  for (let at = 0; at + 1 < values.length; at += 2) {
    if (atoms[values[at] - 1]) atoms[values[at] - 1][name] = values[at + 1];
  }
}

// The structure of a molfile as the service writes it.
export function fromMolfile(text) {
  const lines = text.split("\n");
  const number = (line, begin, end) => Number(line.slice(begin, end)) || 0;
  const [atomCount, bondCount] = [number(lines[3], 0, 3), number(lines[3], 3, 6)];
  const atoms = lines.slice(4, 4 + atomCount).map((line) => {
    const symbol = line.slice(31, 34).trim();
    const [x, y] = [number(line, 0, 10), number(line, 10, 20)];
    const atom = { element: symbol === "R" ? "*" : symbol, x: x / BOND, y: -y / BOND, charge: 0 };
    const [valence, map] = [number(line, 48, 51), number(line, 60, 63)];
    return { ...atom, ...(valence && { valence }), ...(map && { map }) };
  });
  const bonds = lines.slice(4 + atomCount, 4 + atomCount + bondCount).map((line) => ({
    from: number(line, 0, 3) - 1,
    to: number(line, 3, 6) - 1,
    order: number(line, 6, 9),
    stereo: number(line, 9, 12),
  }));
  for (const line of lines.slice(4 + atomCount + bondCount)) readProperties(line, atoms);
  return { atoms, bonds };
}
