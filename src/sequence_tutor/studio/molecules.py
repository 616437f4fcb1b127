"""Molecules in the studio: structures, their properties, lists, tables and structure files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sequence_tutor.domain import Designer, Ends, Scaffold, SequenceBatch
from sequence_tutor.errors import UserError, shown
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.evaluation.model import Model
from sequence_tutor.molecule.chemistry import known
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.reading.beginnings import can_begin
from sequence_tutor.molecule.reading.drawn import drawing_of_molfile, drawing_of_smiles
from sequence_tutor.molecule.scoring.rewarded_table import rewarded_table
from sequence_tutor.molecule.writing.output import Row, write_sdf
from sequence_tutor.molecule.writing.pictures import picture_grid, picture_svg
from sequence_tutor.molecule.writing.table_files import write_table
from sequence_tutor.studio.dropped import NOTHING_READ, dropped_file, read_dropped
from sequence_tutor.studio.ended import Kind, checked
from sequence_tutor.studio.messages import Account, Generate, Read, Render
from sequence_tutor.studio.rendering import File

KINDS = {
    "smi": "chemical/x-daylight-smiles",
    "sdf": "chemical/x-mdl-sdfile",
    "csv": "text/csv",
    "svg": "image/svg+xml",
}
"""Kind of file -> media type."""

MOLFILES = (".mol", ".sdf", ".sd")
"""Endings of files with connection tables; another file holds SMILES."""

NEAR = "near"
"""The term of similarity to the user's molecule."""


def _domain(model: Model) -> MoleculeDomain:
    assert isinstance(model.domain, MoleculeDomain)  # only models of molecules come here
    return model.domain


def _encode(model: Model, text: str) -> list[int]:
    """A beginning of a SMILES.

    Raises:
        UserError: no molecule begins so, or the model has no such token.
    """
    beginning = text.strip()
    if not can_begin(beginning):
        raise UserError(f"fragment: no molecule can begin with {shown(beginning)}")
    return list(_domain(model).vocabulary.encode(beginning, end=False))


def _text(model: Model, tokens: Sequence[int]) -> str:
    return _domain(model).vocabulary.decode(list(tokens)) or ""


def _same(model: Model, tokens: Sequence[int]) -> str | None:
    """The canonical SMILES; None: no molecule."""
    smiles = _text(model, tokens)
    found = known(smiles) if smiles else None
    return None if found is None else found.canonical


def _shown(model: Model, batch: SequenceBatch) -> list[dict[str, Any]]:
    """Structure and properties of each molecule."""
    found: list[dict[str, Any]] = []
    for row in _rows(model, batch):
        numbers = {name: finite_or_none(round(value, 4)) for name, value in row.terms.items()}
        drawn = None if row.canonical is None else picture_svg(row.canonical)
        found.append({"svg": drawn, "properties": {"canonical": row.canonical, **numbers}})
    return found


def _rows(model: Model, batch: SequenceBatch) -> list[Row]:
    """The molecules with the four numbers of Table 2."""
    domain = _domain(model)
    table = rewarded_table(domain.measuring.scorer_here, domain.vocabulary, batch, None)
    numbers = zip(*table.numbers.values(), strict=True)
    texts = [_text(model, tokens) for tokens in batch.to_lists()]
    return [
        Row(
            text, canonical, {} if canonical is None else dict(zip(table.numbers, own, strict=True))
        )
        for text, canonical, own in zip(texts, table.canonical, numbers, strict=True)
    ]


def _terms(asked: Generate | Account) -> Mapping[str, Mapping[str, Any]]:
    """The term of similarity, if it is asked for."""
    return {NEAR: {"kind": "similarity", "smiles": [asked.near.strip()]}} if asked.near else {}


def _around(model: Model, asked: Generate) -> Designer | None:
    """What writes groups at the points `[*]` of a fragment, or links two such ends.

    Raises:
        UserError: a part that cannot be read.
    """
    part = (asked.fragment or "").strip()
    if "*" not in part:
        return None
    around = Ends(part) if "." in part else Scaffold(part)
    return model.framed_domain.design(around, model.length)


MOLECULES = Kind(_encode, _text, _same, _shown, _terms, _around)


def read_molecule(model: Model, asked: Read) -> dict[str, Any]:
    """The first molecule of a file as a model's tokens; or only its structure, to be drawn.

    Raises:
        UserError: a file that cannot be read, or a structure that is no molecule.
    """
    if not asked.structure:
        return read_dropped(model, asked)
    name, data = dropped_file(asked)
    draw = drawing_of_molfile if Path(name).suffix.lower() in MOLFILES else drawing_of_smiles
    try:
        found = draw(data.decode().replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: no text in UTF-8") from error
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    return NOTHING_READ | {"text": found.smiles, "molfile": found.molfile}


def render_molecules(model: Model, asked: Render) -> File:
    """A list, a table, structures or a picture of molecules.

    Raises:
        UserError: a kind that is none of molecules, or no molecule to write.
    """
    if asked.kind not in KINDS:
        raise UserError(f"kind is {asked.kind}, expected one of molecules: {', '.join(KINDS)}")
    batch = SequenceBatch.from_lists([checked(model, tokens) for tokens in asked.tokens])
    rows = _rows(model, batch)
    valid = [row for row in rows if row.canonical is not None]
    if not valid:
        raise UserError("tokens: none of them is a valid molecule")
    names, smiles = list(valid[0].terms), [str(row.canonical) for row in valid]
    write: dict[str, Callable[[Path], object]] = {
        "smi": lambda path: path.write_text("".join(f"{one}\n" for one in smiles)),
        "sdf": lambda path: write_sdf(path, valid),
        "csv": lambda path: write_table(
            path,
            ["smiles", "canonical", *names],
            [
                [row.smiles, row.canonical, *(finite_or_none(row.terms[name]) for name in names)]
                for row in valid
            ],
        ),
        "svg": lambda path: picture_grid(
            [str(row.canonical) for row in valid], [""] * len(valid), path
        ),
    }
    with TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / f"molecules.{asked.kind}"
        write[asked.kind](path)
        return File(path.name, KINDS[asked.kind], path.read_bytes())
