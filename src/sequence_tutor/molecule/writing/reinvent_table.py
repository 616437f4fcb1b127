"""The table of a run with the columns of REINVENT 4, for programs that read those.

REINVENT's summary of staged learning has `Agent` and `Prior`, negative log-likelihoods in nats;
`Score`, `SMILES`, `Scaffold`; for each term `NAME`, its score, and `NAME (raw)`; `step`. Where we
differ:

1. a molecule has one line, where it was sampled first, and there it has a line in every batch;
2. there is no `Target`, the likelihood that its agent learns toward, which only its loss has;
3. numbers have all their digits.
"""

from __future__ import annotations

import csv
from pathlib import Path

from sequence_tutor.molecule.writing.table_rows import read_table
from sequence_tutor.storage.files import replacing

REINVENT_FILE = "found_reinvent.csv"


def write_reinvent_table(table: Path) -> Path:
    """Write `found_reinvent.csv` beside a table of a run.

    Returns:
        Its path.
    """
    path = table.with_name(REINVENT_FILE)
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        with table.open(encoding="utf-8", newline="") as old:
            columns = next(csv.reader(old))
        names = [name for name in columns if f"{name}_score" in columns]
        both = [column for name in names for column in (name, f"{name} (raw)")]
        rows.writerow(["Agent", "Prior", "Score", "SMILES", "Scaffold", *both, "step"])
        for row in read_table(table):
            likelihoods = [-float(row["log_policy"]), -float(row["log_prior"])]
            scores = [cell for name in names for cell in (row[f"{name}_score"], row[name])]
            first = (*likelihoods, row["total"], row["smiles"], row["scaffold"])
            rows.writerow([*first, *scores, row["step"]])
    return path
