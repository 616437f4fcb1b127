"""The molecules of a file that a prior learned from, and those held out from it.

The division depends on the molecules and on the settings alone, which a prior's card keeps; the
same file therefore falls apart in the same way again.

    python docs/examples/held_out.py zinc250k_train.smi.xz --out sides
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sequence_tutor.domain.corpus import Corpus
from sequence_tutor.domain.division import TEST, TRAIN
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.corpus import read_corpus
from sequence_tutor.molecule.reading.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.progress import counted
from sequence_tutor.storage.files import write_text

SIDES = {"learned_from": TRAIN, "held_out": TEST}


def divide(data: Path, prior: str) -> tuple[Corpus, Vocabulary]:
    """The molecules of a file on the sides on which the training of a prior had them.

    Raises:
        UserError: the file or the prior cannot be used.
    """
    card = find_prior(prior).card
    if card["domain"] != "molecule" or "data" not in card:
        raise UserError(f"{prior}: its card does not say how a file of molecules was divided")
    settings = MoleculeDataSettings.model_validate(card["data"]["settings"])
    with counted("reading molecule files") as advance:
        corpus = read_corpus([data], settings, None, advance)
    return corpus, Vocabulary.from_card(card)


def main() -> None:
    """Write a file a side."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="file of molecules that the prior was trained on")
    parser.add_argument("--prior", default="molecule", help="shipped prior, or a folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of the two files")
    given = parser.parse_args()
    try:
        corpus, vocabulary = divide(given.data, given.prior)
    except UserError as error:
        parser.error(str(error))
    given.out.mkdir(parents=True, exist_ok=True)
    for name, side in SIDES.items():
        rows = corpus.side(side).rows()
        path = given.out / f"{name}.smi"
        write_text(path, "".join(vocabulary.decode(row) + "\n" for row in rows))
        print(f"{path}: {len(rows)} molecules")


if __name__ == "__main__":
    main()
