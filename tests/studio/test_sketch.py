"""What the sketcher of the page draws, in Node without a page, and read by RDKit."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")

import sequence_tutor.studio.page as page
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import known
from sequence_tutor.molecule.reading.drawn import drawing_of_molfile, drawing_of_smiles

NODE = shutil.which("node")
PURE = {
    "structure": ("EMPTY", "grown", "withBond"),
    "rings": (),
    "molfile": ("fromMolfile", "toMolfile"),
    "places": ("hydrogens", "inWords", "labelOf", "nextTo", "whatIsAt"),
    "sketch_tools": ("erased", "pressed", "pulled", "shifted"),
    "sketch_state": ("beginSketch", "edit", "redo", "sketch", "undo"),
}
"""The modules that need no page, and what is tested of them."""

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

HARD = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[C@H](N)C(=O)O",
    "C[C@@](F)(Cl)Br",
    "C/C=C/C=C\\C",
    "CC=CC",
    "C[S@](=O)CC",
    "[13CH3]C[N+](C)(C)C",
    "[2H]C([2H])O",
    "C[CH2]",
    "C[N]C",
    "[CH2]",
    "[Na+].[Cl-]",
    "c1cc[nH]c1",
    "*c1ccncc1",
    "*C.*c1ccccc1",
    "[*:1]CC[*:2]",
    "[1*]C#N",
    "C[N+](=O)[O-]",
    "OB(O)c1ccc2ccccc2c1",
    "C1CC12CC2",
    "C=C=C",
    "[Fe]",
    "C[Si](C)(C)C",
    "F[P-](F)(F)(F)(F)F",
]
"""Stereochemistry, charges, isotopes, radicals, points, several parts."""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules where Node takes them for such."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "package.json").write_text('{"type": "module"}')
    for name in PURE:
        shutil.copy(Path(page.__file__).parent / f"{name}.js", folder)
    return folder


def run(modules: Path, body: str, given: object = None) -> Any:
    """What a script over the functions of the modules returns; `given` is in it."""
    imports = "".join(
        f"import {{ {', '.join(names)} }} from './{name}.js';" for name, names in PURE.items()
    )
    result = f"((given) => {{ {body} }})({json.dumps(given)})"
    program = f"{imports}console.log(JSON.stringify({result}))"
    (modules / "test.js").write_text(program)
    assert NODE is not None
    done = subprocess.run([NODE, "test.js"], capture_output=True, text=True, cwd=modules)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


BEGUN = "let s = EMPTY; const at = (x, y) => ({ x, y });"


def drawn(modules: Path, body: str) -> str:
    """The SMILES of what a script draws as `s`."""
    return drawing_of_molfile(run(modules, f"{BEGUN}{body}; return toMolfile(s)")).smiles


def test_structures_of_the_service_come_back_as_they_were(modules: Path) -> None:
    drawings = [drawing_of_smiles(smiles) for smiles in HARD]
    body = "return given.map((text) => toMolfile(fromMolfile(text)))"
    found = run(modules, body, [one.molfile for one in drawings])
    assert [drawing_of_molfile(text).smiles for text in found] == [one.smiles for one in drawings]
    lengths = run(
        modules,
        "return given.map(fromMolfile).flatMap(({ atoms, bonds }) => bonds.map(({ from, to }) =>"
        " Math.hypot(atoms[from].x - atoms[to].x, atoms[from].y - atoms[to].y)))",
        [drawings[0].molfile],
    )
    assert lengths == pytest.approx([1] * len(lengths), abs=0.01)


BENZENE = "[s] = pressed(s, { kind: 'ring', ring: 'benzene' }, null, at(0, 0));"


@pytest.mark.parametrize(
    ("body", "smiles"),
    [
        (BENZENE, "c1ccccc1"),
        (
            f"{BENZENE} [s] = pulled(s, {{ kind: 'atom', element: 'O' }}, {{ atom: 0 }},"
            " at(0, -1), at(0.2, -2.2))",
            "Oc1ccccc1",
        ),
        (
            f"{BENZENE} [s] = pressed(s, {{ kind: 'ring', ring: 'benzene' }}, {{ bond: 0 }})",
            "c1ccc2ccccc2c1",
        ),
        (
            f"{BENZENE} [s] = pressed(s, {{ kind: 'ring', ring: 'benzene' }}, {{ bond: 1 }})",
            "c1ccc2ccccc2c1",
        ),
        (
            f"{BENZENE} [s] = pressed(s, {{ kind: 'ring', ring: 'cyclopentane' }}, {{ bond: 3 }})",
            "c1ccc2c(c1)CCC2",
        ),
        (
            f"{BENZENE} [s] = grown(s, 0);"
            "[s] = pressed(s, { kind: 'ring', ring: 'cyclohexane' }, { atom: 6 })",
            "c1ccc(C2CCCCC2)cc1",
        ),
        (
            f"{BENZENE} [s] = pulled(s, {{ kind: 'atom', element: 'F' }}, null, at(0, -2),"
            " at(0.1, -1.1))",
            "Fc1ccccc1",
        ),
        ("[s] = pressed(s, { kind: 'bond', order: 3 }, null, at(1, 1))", "C#C"),
        (
            "[s] = pressed(s, { kind: 'atom', element: 'N' }, null, at(1, 1));"
            "[s] = pressed(s, { kind: 'charge', step: 1 }, { atom: 0 })",
            "[NH4+]",
        ),
        (
            "[s] = pulled(s, { kind: 'atom', element: 'Cl' }, null, at(0, 0), at(3, 0.1));"
            "[s] = pressed(s, { kind: 'bond', order: 2 }, { atom: 0 });",
            "C=CCl",
        ),
        (
            f"{BENZENE} [s] = erased(s, {{ atom: 2 }}); [s] = erased(s, {{ bond: 0 }})",
            "C.C/C=C\\C",  # as it is drawn
        ),
        (
            "[s] = pressed(s, { kind: 'bond', order: 1 }, null, at(0, 0));"
            "for (let n = 0; n < 4; n += 1) [s] = grown(s, s.atoms.length - 1);"
            "s = withBond(s, 0, 5, 1)",
            "C1CCCCC1",
        ),
        (
            "[s] = pressed(s, { kind: 'bond', order: 1 }, null, at(0, 0));"
            "for (const element of ['N', '*']) [s] = pressed(s, { kind: 'atom', element },"
            " { atom: element === 'N' ? 0 : 1 })",
            "*N",
        ),
    ],
)
def test_tools_draw_what_they_are_named_for(modules: Path, body: str, smiles: str) -> None:
    found = known(drawn(modules, body))
    wanted = known(smiles)
    assert found is not None
    assert wanted is not None
    assert found.canonical == wanted.canonical


def test_bonds_have_one_length_and_steps_of_thirty_degrees(modules: Path) -> None:
    chain = run(
        modules,
        f"{BEGUN}[s] = pulled(s, {{ kind: 'bond', order: 1 }}, null, at(0, 0), at(2, -0.9));"
        "for (let n = 0; n < 6; n += 1) [s] = grown(s, s.atoms.length - 1);"
        "[s] = grown(s, s.atoms.length - 1, { order: 3 }); return s",
    )
    turns = []
    for before, after in pairwise(chain["atoms"]):
        dx, dy = after["x"] - before["x"], after["y"] - before["y"]
        assert math.hypot(dx, dy) == pytest.approx(1)
        turns.append(math.degrees(math.atan2(dy, dx)))
        assert turns[-1] / 30 == pytest.approx(round(turns[-1] / 30), abs=1e-6)
    assert turns[:4] == pytest.approx([-30, 30, -30, 30])  # a zigzag
    ends = run(
        modules,
        f"{BEGUN}[s] = grown(pressed(s, {{ kind: 'bond', order: 3 }}, null,"
        " at(0, 0))[0], 1); return s.atoms",
    )
    assert abs(ends[0]["x"] - ends[2]["x"]) + abs(ends[0]["y"] - ends[2]["y"]) > 1.3
    straight = (ends[1]["x"] - ends[0]["x"]) * (ends[2]["y"] - ends[0]["y"])
    assert straight == pytest.approx(
        (ends[1]["y"] - ends[0]["y"]) * (ends[2]["x"] - ends[0]["x"]), abs=1e-6
    )


def test_hydrogens_that_are_shown_are_those_of_rdkit(modules: Path) -> None:
    for smiles in [
        *HARD,
        "CS(=O)(=O)N",
        "C[NH3+]",
        "CC(=O)[O-]",
        "CP(O)O",
        "[O-]S(C)=O",
        "C[CH-]C",
    ]:
        drawing = drawing_of_smiles(smiles)
        shown = run(
            modules,
            "const s = fromMolfile(given); return s.atoms.map((_, n) => hydrogens(s, n))",
            drawing.molfile,
        )
        molecule = known(smiles)
        assert molecule is not None
        wanted = [atom.GetTotalNumHs() for atom in molecule.rdkit.GetAtoms()]
        radicals = [atom.GetNumRadicalElectrons() for atom in molecule.rdkit.GetAtoms()]
        for one, own, radical in zip(shown, wanted, radicals, strict=True):
            assert radical or one == own, smiles


def test_steps_are_taken_back_and_made_again(modules: Path) -> None:
    found = run(
        modules,
        "beginSketch(); const seen = [];"
        "const see = () => seen.push(sketch.structure.atoms.length);"
        "const ring = { kind: 'ring', ring: 'benzene' };"
        "edit(pressed(sketch.structure, ring, null, { x: 0, y: 0 })); see();"
        "edit(erased(sketch.structure, { atom: 0 })); see();"
        "for (const step of [undo, undo, undo, redo, redo, redo, undo]) { step(); see(); }"
        "edit([sketch.structure, { atom: 1 }]);"  # the caret alone is no step
        "seen.push(sketch.past.length, sketch.future.length);"
        "edit([shifted(sketch.structure, { atom: 0 }, 1, 0), null]);"
        "return [...seen, sketch.past.length, sketch.future.length]",
    )
    assert found == [6, 5, 6, 0, 0, 6, 5, 5, 6, 1, 1, 2, 0]


def test_labels_and_what_is_pressed(modules: Path) -> None:
    labels = run(
        modules,
        "const s = fromMolfile(given); return s.atoms.map((_, n) => {"
        " const label = labelOf(s, n);"
        " return label && [label.before, label.symbol, label.after, label.charge]; })",
        drawing_of_smiles("C[NH2+]CC(=O)[O-]").molfile,
    )
    assert [label is None for label in labels] == [True, False, True, True, False, False]
    assert labels[1][1:] in (["N", "H₂", "+"], ["N", "", "+"])
    assert labels[4] == ["", "O", "", ""]
    assert labels[5] == ["", "O", "", "\u2212"]
    found = run(
        modules,
        f"{BEGUN}{BENZENE} const b = s.bonds[0]; const [p, q] = [s.atoms[b.from], s.atoms[b.to]];"
        "const middle = at((p.x + q.x) / 2 + 0.1, (p.y + q.y) / 2);"
        "return [whatIsAt(s, at(p.x + 0.2, p.y)), whatIsAt(s, middle), whatIsAt(s, at(0, 0)),"
        " whatIsAt(s, at(p.x, p.y - 0.45)), whatIsAt(s, at(p.x, p.y - 0.45), 1.6)]",
    )
    assert found == [{"atom": 0}, {"bond": 0}, None, None, {"atom": 0}]


def test_arrows_lead_from_atoms_over_bonds_to_atoms(modules: Path) -> None:
    said = run(
        modules,
        f"{BEGUN}{BENZENE}[s] = grown(s, 0, {{ element: 'N', order: 1 }});"
        "let where = { atom: 0 }; const said = [];"
        "for (const [x, y] of [[0, -1], [0, -1], [0, -1], [0, 1], [0, 1], [1, 0]]) {"
        " where = nextTo(s, where, x, y); said.push(inWords(s, where)); } return said",
    )
    assert said[0] == said[3] == "single bond from C to N"
    assert said[1] == said[2] == "N, 2 hydrogens, bound to C"
    assert said[4] == "C, bound to C, C, N"
    assert said[5].endswith("bond from C to C")


def test_what_is_impossible_is_refused_with_its_atom(modules: Path) -> None:
    body = (
        "[s] = pressed(s, { kind: 'atom', element: 'C' }, null, at(0, 0));"
        "for (let n = 0; n < 5; n += 1) [s] = grown(s, 0);"
    )
    with pytest.raises(UserError, match="atom # 0 C, 5, is greater than permitted"):
        drawn(modules, body)
