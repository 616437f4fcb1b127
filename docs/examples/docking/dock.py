"""Docks molecules with AutoDock Vina.

    python dock.py RECEPTOR.pdbqt FOLDER_FOR_POSES

Reads lines {"smiles": "CCO"} and answers each with
{"affinity": -1.5, "efficiency": -0.5, "pose": "poses/LFQSCWFLJHTTHZ-UHFFFAOYSA-N.pdbqt"}: kcal/mol,
the same for each heavy atom, and the file with the best pose.
"""

import json
import sys
from pathlib import Path

from meeko import MoleculePreparation, PDBQTWriterLegacy
from rdkit import Chem, rdBase
from rdkit.Chem.rdDistGeom import EmbedMolecule
from rdkit.Chem.rdForceFieldHelpers import MMFFOptimizeMolecule
from vina import Vina

CENTER, BOX = [0.0, 0.0, 0.0], [16.0, 16.0, 16.0]  # of the pocket, in angstrom
SEED = 1  # of conformer and search, so that a molecule always has the same numbers


def prepared(smiles: str) -> tuple[Chem.Mol, str]:
    """A molecule with a conformer, and its PDBQT."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    if EmbedMolecule(molecule, randomSeed=SEED) != 0:
        raise ValueError("no conformer")
    MMFFOptimizeMolecule(molecule)
    setup = MoleculePreparation().prepare(molecule)[0]
    text, is_fine, why = PDBQTWriterLegacy.write_string(setup)
    if not is_fine:
        raise ValueError(why)
    return molecule, text


def main(receptor: str, poses: Path) -> None:
    """Answer until the input ends."""
    rdBase.DisableLog("rdApp.*")
    poses.mkdir(exist_ok=True)
    # one core: side by side run as many of this program as there are
    vina = Vina(sf_name="vina", cpu=1, seed=SEED, verbosity=0)
    vina.set_receptor(receptor)
    vina.compute_vina_maps(center=CENTER, box_size=BOX)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            molecule, ligand = prepared(question["smiles"])
            vina.set_ligand_from_string(ligand)
            vina.dock(exhaustiveness=4, n_poses=1)
        except (ValueError, RuntimeError) as error:
            answer: dict[str, float | str] = {"error": str(error)}
        else:
            affinity = float(vina.energies(n_poses=1)[0][0])
            pose = poses / f"{Chem.MolToInchiKey(molecule)}.pdbqt"
            vina.write_poses(str(pose), n_poses=1, overwrite=True)
            heavy = molecule.GetNumHeavyAtoms()
            answer = {"affinity": affinity, "efficiency": affinity / heavy, "pose": str(pose)}
        print(json.dumps({**answer, "id": question["id"]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
