"""Peak memory of `pretrain molecule` on 1.5 million molecules, made by repeating a file of some.

    python benchmarks/molecule_memory.py ../shared/data/molecules/zinc250k_train.smi.xz

Each repetition of a molecule gets one more carbon at its end, so that all are distinct; they are
read unchecked, because such a carbon may be one too many. Ten small updates follow, the n-gram
tables and everything else that `pretrain` does. It is done twice: reading, and from the cache.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import count, islice
from pathlib import Path

from sequence_tutor.molecule.reading.molecules import read_molecules

SETTINGS = """\
[data]
check = false
longest = 200

[train]
order = "bucketed"
crop = 0.0
window = 256
steps = 10
evaluate_every = 10
probe_samples = 0
final_samples = 0

[train.network]
width = 64
"""


def main() -> None:
    """Write the molecules, train, say how much memory it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="molecules to repeat")
    parser.add_argument("--molecules", type=int, default=1_500_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        many, settings = Path(folder, "many.smi"), Path(folder, "settings.toml")
        settings.write_text(SETTINGS)
        few = [entry.smiles for entry in read_molecules(given.file)]
        repeated = (smiles + "C" * carbons for carbons in count() for smiles in few)
        with many.open("w") as file:
            file.writelines(f"{smiles}\n" for smiles in islice(repeated, given.molecules))
        verb = [sys.executable, "-m", "sequence_tutor", "pretrain", "molecule", "--quiet"]
        places = [
            "--data",
            str(many),
            "--config",
            str(settings),
            "--out",
            str(Path(folder, "prior")),
        ]
        for name in ("reading", "from the cache"):
            begun = time.perf_counter()
            command = [*verb, *places, "--threads", "1"]
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            if status:
                sys.exit(f"pretrain ended with status {os.waitstatus_to_exitcode(status)}")
            seconds, peak = time.perf_counter() - begun, used.ru_maxrss / 1024
            print(f"{name}: {seconds:.0f} s, at most {peak:.0f} MB", flush=True)
            Path(folder, "prior", "training.safetensors").unlink()


if __name__ == "__main__":
    main()
