"""The molecules of a file that are most similar to one, as a stand-in for a series of one's own.

    python docs/examples/series.py zinc250k_train.smi.xz --count 200 --out series.smi \
        --near "O=C(c1ccccc1)N1CCN(S(=O)(=O)c2ccccc2)CC1"

Similarity is Tanimoto's of Morgan fingerprints of radius 2 with 2,048 bits (ECFP4).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import fingerprint, known, quiet, tanimoto
from sequence_tutor.molecule.reading.molecules import read_molecules
from sequence_tutor.storage.files import write_text


def nearest(data: Path, lead: str, count: int) -> list[tuple[float, str]]:
    """Similarity and SMILES of the nearest molecules, the most similar first.

    Raises:
        UserError: the file or the lead cannot be read.
    """
    given = known(lead)
    if given is None:
        raise UserError(f"--near {lead!r} cannot be read as SMILES of a molecule")
    own = fingerprint(given.rdkit)
    found: list[tuple[float, str]] = []
    with quiet():
        for entry in read_molecules(data):
            molecule = known(entry.smiles)
            if molecule is not None and molecule.canonical != given.canonical:
                (similarity,) = tanimoto(own, [fingerprint(molecule.rdkit)])
                found.append((similarity, entry.smiles))
    return sorted(found, key=lambda one: (-one[0], one[1]))[:count]


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="file of molecules")
    parser.add_argument("--near", required=True, help="SMILES of a molecule, which is left out")
    parser.add_argument("--count", type=int, default=200, help="molecules to write")
    parser.add_argument("--out", type=Path, required=True, help="list to write, .smi")
    given = parser.parse_args()
    try:
        found = nearest(given.data, given.near, given.count)
    except UserError as error:
        parser.error(str(error))
    write_text(given.out, "".join(f"{smiles}\n" for _, smiles in found))
    mean = sum(similarity for similarity, _ in found) / max(1, len(found))
    print(f"{given.out}: {len(found)} molecules, mean similarity {mean:.3f}")


if __name__ == "__main__":
    main()
