"""The table of a run with the columns of REINVENT 4, for programs that read those.

REINVENT's summary of staged learning has `Agent` and `Prior`, negative log-likelihoods in nats;
`Score`, `SMILES`, `Scaffold`; for each term `NAME`, its score, and `NAME (raw)`; `step`. Where we
differ:

1. a molecule has one line, where it was sampled first, and there it has a line in every batch;
2. there is no `Target`, the likelihood that its agent learns toward, which only its loss has;
3. numbers have all their digits.

Its table of scored molecules has the columns of the input; `RDKit_SMILES (REINVENT)`; `Score`; the
score of each term as `NAME`; then each raw number as `NAME (raw)`; of columns with one name the
second ends in `.2`. Here the cells of an invalid molecule are empty.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sequence_tutor.molecule.writing.table_files import read_table
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


def reinvents_header(fields: Sequence[str], terms: Sequence[str]) -> list[str]:
    """The columns of scored molecules.

    Args:
        fields: columns of the input, beside the SMILES; empty: it had names at most.
        terms: of the reward.
    """
    raw = [f"{name} (raw)" for name in terms]
    first = ["SMILES", *(fields or ["Comment"])]
    return list(_numbered([*first, "RDKit_SMILES (REINVENT)", "Score", *terms, *raw]))


def reinvents_row(
    scored: Mapping[str, Any], fields: Sequence[str], terms: Sequence[str]
) -> list[Any]:
    """The cells of a `ScoredLine` (JSON, hence `Any`) below that header."""
    of_input = scored.get("fields", {})
    raw = {name: scored["terms"].get(name) for name in terms} if scored["valid"] else {}
    return [
        scored["smiles"],
        *([of_input.get(name) for name in fields] if fields else [scored.get("name")]),
        scored.get("standardised") or scored["smiles"],
        scored["total"],
        *(scored["scores"].get(name, raw.get(name)) for name in terms),
        *(raw.get(name) for name in terms),
    ]


def _numbered(names: Iterable[str]) -> Iterable[str]:
    """The names, of which later ones of the same name have a number."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}.{seen[name]}"
