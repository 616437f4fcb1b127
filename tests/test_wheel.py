"""The built wheel has everything in it, and works where no source is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in OURS:
        shutil.copy(ROOT / name, source)
    options = "--quiet --no-deps --no-index --no-build-isolation --disable-pip-version-check"
    command = [sys.executable, "-m", "pip", "wheel", *options.split(), str(source)]
    subprocess.run(command, check=True, cwd=folder)
    (built,) = folder.glob("sequence_tutor-*.whl")
    return built


@pytest.mark.slow
def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    package = ROOT / "src" / "sequence_tutor"
    files = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files - set(zipfile.ZipFile(wheel).namelist()) == set()


@pytest.mark.slow
def test_an_installed_wheel_works_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    fresh, empty = tmp_path / "fresh", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(fresh)], check=True)
    (site,) = fresh.glob("lib/python*/site-packages")
    (site / "present.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # torch and the rest
    pip = [sys.executable, "-m", "pip", "--python", str(fresh / "bin" / "python"), "install"]
    options = "--quiet --no-deps --no-index --disable-pip-version-check"
    subprocess.run([*pip, *options.split(), str(wheel)], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str) -> str:
        return subprocess.run(
            [str(fresh / "bin" / command[0]), *command[1:]],
            check=True,
            cwd=empty,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout

    where = run("python", "-c", "import sequence_tutor; print(sequence_tutor.__file__)")
    assert Path(where).is_relative_to(site)
    assert "A first tour" in run("sequence-tutor", "--help")
    run("sequence-tutor", "sample", "melody", "-n", "2", "--threads", "1", "--out", "melodies")
    assert len(list((empty / "melodies").glob("*.mid"))) == 2
