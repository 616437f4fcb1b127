"""A small real file of every kind that is read, and the readers that a command sends it through."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rdkit import Chem

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import find_domain
from sequence_tutor.melody.midi import midi_bytes
from sequence_tutor.melody.reading.corpus import MelodyDataSettings
from sequence_tutor.melody.reading.corpus import read_corpus as read_melodies
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.melody.writing.notation import to_musicxml
from sequence_tutor.molecule.reading.beginnings import first_molecule
from sequence_tutor.molecule.reading.corpus import read_corpus as read_molecule_corpus
from sequence_tutor.molecule.reading.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.reading.molecules import read_molecules
from sequence_tutor.text.corpus import TextDataSettings
from sequence_tutor.text.corpus import read_corpus as read_texts
from sequence_tutor.tuner.settings_tables import TuneTables
from sequence_tutor.verbs.pretrain import PretrainTables

TUNE = [14, 1, 16, 1, 18, 1, 19, 1, 21, 0, 1, 1, 23, 25, 26, 1] * 8
ABC = """X:1
T:A tune|with a bar
M:4/4
L:1/8
P:AB
K:D dor ^f
P:A
V:1
|: (3abc d2 [K:G]e>f {ga}g-|g "Am"[CEG]2 !trill!f/ _e ^f =g z4 :|
w: one two * three_
P:B
[V:2] [1 A,B,C,D, :|2 Z2 |] %%MIDI program 1

X:2
K:Bb
BcdB|ABcd|"""
SMILES = """CC(=O)Oc1ccccc1C(=O)O aspirin
C[C@H](N)C(=O)O\talanine
# a comment
[Na+].[Cl-]
c1ccc2c(c1)[nH]cc2 %indole
F/C=C/F
"""
TABLE = """id;smiles;name
1;CCO;"ethanol; spirit"
2;c1ccccc1;benzene
3;"C#N";
"""
TUNE_TOML = """# settings
[tune]
algorithm = "psi"
c = 2.0
steps = 100
[[tune.stages]]
steps = 10
[reward]
weights = {tonic = 1.5}
"""
PRETRAIN_TOML = """
temperature = 0.9
[data]
meters = ["4/4", '3/4']
[train]
steps = 1_000
[train.network]
cell = "lstm"
width = 100
[card]
licence = """
PRETRAIN_TOML += """\"\"\"
of one's own\"\"\"
"""
MOLECULE_TOML = """
[reward.terms.mine]
kind = "descriptor"
descriptor = "MolLogP"
weight = 1
transform = {kind = "sigmoid", low = 0, high = 1e3}
"""


@dataclass(frozen=True)
class Kind:
    """Files of one kind.

    Attributes:
        name: of the file.
        content: of a small real one.
        readers: what reads its path; each gives something or raises `UserError`.
        pack: what the content goes through on its way to the file.
        folder: where the file lies among others; readers are given a copy of the folder. None: it
            stands alone, and they are given the file.
    """

    name: str
    content: bytes
    readers: tuple[Callable[[Path], object], ...]
    pack: Callable[[bytes], bytes] = bytes
    folder: Path | None = None

    def put(self, place: Path, content: bytes) -> Path:
        """Write a file of this kind, its folder anew, and say what readers are given."""
        if self.folder is None:
            (place / self.name).write_bytes(content)
            return place / self.name
        copy = place / self.folder.name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.folder, copy)
        (place / self.name).write_bytes(content)
        return copy


def melodies(path: Path) -> object:
    """As `pretrain` reads them."""
    return read_melodies([path], MelodyDataSettings.as_written())


def scored_melodies(path: Path) -> object:
    """As `score` and `--prime` read them."""
    return find_domain("melody").read_sequences(path)


def molecules(path: Path) -> object:
    """As `pretrain` reads them."""
    settings = MoleculeDataSettings(validation=0.3, test=0.3, augment=1)
    return read_molecule_corpus([path], settings, None, lambda _done, _total: None)


def scored_molecules(path: Path) -> object:
    """As `score` reads them."""
    return list(read_molecules(path, every_line=True))


def lines(path: Path) -> object:
    """As `pretrain text` reads them."""
    return read_texts([path], TextDataSettings(), lambda _done, _total: None)


def settings_of(kind: type[Settings]) -> Callable[[Path], object]:
    """As `--config` is read."""
    return lambda path: build(kind, read_toml(path), str(path))


def reward_of(domain: str) -> Callable[[Path], object]:
    """As `score --config` is read."""

    def read(path: Path) -> object:
        tables: Any = read_toml(path)
        return build(find_domain(domain).reward_settings, tables.get("reward", {}), str(path))

    return read


def zipped(content: bytes, name: str = "a/tune.mid", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of three files, the content in the middle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for member, data in (("0.abc", ABC.encode()), (name, content), ("z.abc", ABC.encode())):
            archive.writestr(member, data)
    return stream.getvalue()


def tarred(content: bytes, mode: str, kind: int = tarfile.PAX_FORMAT) -> bytes:
    """The same as a tar archive, with a link and a name that is long."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=kind) as archive:  # type: ignore[call-overload]
        link = tarfile.TarInfo("link.mid")
        link.type, link.linkname = tarfile.SYMTYPE, "../a.mid"
        archive.addfile(link)
        for name in ("a/tune.mid", f"{'é' * 120}.mid"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def mxl(content: bytes) -> bytes:
    """A compressed score with its container."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        rootfile = '<container><rootfiles><rootfile full-path="s.xml"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", rootfile)
        archive.writestr("s.xml", content)
    return stream.getvalue()


def sd_file(smiles: Iterable[str] = ("CCO", "c1ccccc1", "C[N+](C)(C)C")) -> bytes:
    """Three records with a field each."""
    return b"".join(
        Chem.MolToMolBlock(Chem.MolFromSmiles(one)).encode() + b">  <ID>\n7\n\n$$$$\n"
        for one in smiles
    )


def strangers_kinds() -> list[Kind]:
    """Every kind of file that comes from elsewhere."""
    midi, musicxml = midi_bytes(TUNE), to_musicxml(TUNE).encode()
    table, smiles, tokens = TABLE.encode(), SMILES.encode(), b'{"tokens": [14, 1, 0, 16]}\n' * 3
    music, scored = (melodies, scored_melodies), (scored_melodies,)
    chemistry = (molecules, scored_molecules, first_molecule)
    text = b"one line\n\nanother line of text\n" * 20
    return [
        Kind("tune.abc", ABC.encode(), music),
        Kind("written.abc", to_abc(TUNE).encode(), music),
        Kind("tune.mid", midi, music),
        Kind("tune.musicxml", musicxml, music),
        Kind("tune.mxl", musicxml, music, mxl),
        Kind("tokens.jsonl", tokens, scored),
        Kind("tunes.zip", midi, (melodies,), zipped),
        Kind("bzip2.zip", midi, (melodies,), partial(zipped, method=zipfile.ZIP_BZIP2)),
        Kind("lzma.zip", midi, (melodies,), partial(zipped, method=zipfile.ZIP_LZMA)),
        Kind("tunes.tar", midi, (melodies,), partial(tarred, mode="w")),
        Kind("gnu.tar", midi, (melodies,), partial(tarred, mode="w", kind=tarfile.GNU_FORMAT)),
        Kind("tunes.tar.gz", midi, (melodies,), partial(tarred, mode="w:gz")),
        Kind("tunes.tar.xz", midi, (melodies,), partial(tarred, mode="w:xz")),
        Kind("tunes.tar.bz2", midi, (melodies,), partial(tarred, mode="w:bz2")),
        Kind("a.smi", smiles, chemistry),
        Kind("a.smi.gz", smiles, chemistry, gzip.compress),
        Kind("a.smi.xz", smiles, chemistry, lzma.compress),
        Kind("a.csv", table, chemistry),
        Kind("wide.csv", TABLE.encode("utf-16"), chemistry),
        Kind("a.tsv.gz", table.replace(b";", b"\t"), chemistry, gzip.compress),
        Kind("a.sdf", sd_file(), chemistry),
        Kind("a.sdf.gz", sd_file(), chemistry, gzip.compress),
        Kind("lines.txt", text, (lines,)),
        Kind("lines.txt.gz", text, (lines,), gzip.compress),
        Kind("lines.txt.bz2", text, (lines,), bz2.compress),
        Kind("tune.toml", TUNE_TOML.encode(), (settings_of(TuneTables), reward_of("melody"))),
        Kind("pretrain.toml", PRETRAIN_TOML.encode(), (settings_of(PretrainTables),)),
        Kind("molecule.toml", MOLECULE_TOML.encode(), (reward_of("molecule"),)),
    ]
