"""`study`: a listening test, from its clips to the analysis of its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from sequence_tutor.drawing.figures import Curve, Panel, learning_curves
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.exhibit import heard_of
from sequence_tutor.progress import counted, progress
from sequence_tutor.storage.files import PathLike, listed_paths, named_path
from sequence_tutor.storage.named_files import write_named_text
from sequence_tutor.study.analysis import Analysis, analyse
from sequence_tutor.study.answers import read_answers
from sequence_tutor.study.design import Study
from sequence_tutor.study.folder import ANSWERS_FILE, load_study
from sequence_tutor.study.making import Design, make_folder, melodies_needed
from sequence_tutor.study.page import page_alone
from sequence_tutor.study.report import write_analysis
from sequence_tutor.study.simulation import Power, Scenario, power_curve
from sequence_tutor.study.store import Store
from sequence_tutor.verbs.sample import sample

QUICK_PERMUTATIONS = 999  # for the results page of the service, which must answer at once


def make_study(
    models: Sequence[Model],
    out: PathLike,
    *,
    design: Design | None = None,
    length: int | None = None,
    quiet: bool = False,
) -> Study:
    """Sample melodies of every model and make a study that compares them.

    Args:
        models: two or more, of melodies, with different names.
        out: folder of the study, empty or new.
        design: sizes, tempo, seed, texts; None: the defaults.
        length: tokens of every melody; None: as the first model was tuned.

    Raises:
        UserError: models that cannot be compared by ear, or a folder that is not empty.
    """
    design = design or Design()
    names = [model.name for model in models]
    if len(names) < 2 or len(set(names)) < len(names):
        raise UserError(f"models are {names}, expected at least two with different names")
    for model in models:
        if model.domain.name != "melody":
            raise UserError(f"{model.name} writes {model.domain.name}s, expected melodies to hear")
    count = melodies_needed(len(models), design.pairs)
    length = models[0].length if length is None else length
    melodies = {
        model.name: sample(model, count, length=length, seed=design.seed, quiet=quiet).to_lists()
        for model in models
    }
    with counted("writing clips", quiet=quiet) as report:
        transpose = {model.name: heard_of(model).transpose for model in models}
        return make_folder(named_path(out), melodies, design, report, transpose)


def serve_study(
    folder: PathLike,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Sequence[str] = (),
    ready: Callable[[str, str], None] = lambda _address, _token: None,
) -> None:
    """Ask listeners until interrupted; a later call continues with the same answers.

    Args:
        folder: of the study; answers are kept there in `answers.sqlite`.
        host: address to listen at, by default this machine's own.
        port: 0 takes any free one.
        names: host names of the page, where they are not this machine's own.
        ready: called with the page's address and the token of the results page.

    Raises:
        UserError: no such study, a database that cannot be used, a port that is taken, or the
            extra `study` is not installed.
    """
    folder = Path(folder)
    try:
        from sequence_tutor.serving.requests import Hosts
        from sequence_tutor.serving.server import listen, server
        from sequence_tutor.study.service import Service
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed, expected the extra: pip install sequence-tutor[study]"
        ) from error
    study = load_study(folder)
    hosts = Hosts((host, *names) if host else names, "; see --name of study serve")
    with listen(host, port) as taken, closing(Store(folder / ANSWERS_FILE, study)) as store:

        def results() -> dict[str, object]:
            found = analyse(study, store.listeners(), permutations=QUICK_PERMUTATIONS)
            return found.to_json()

        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{taken.getsockname()[1]}/", store.token)
        service = Service(folder, study, store, results, hosts=hosts)
        server(service.application()).run(sockets=[taken])


def export_study(folder: PathLike, out: PathLike) -> None:
    """Write the study of a folder as one HTML page that works without a server.

    Raises:
        UserError: no such study.
    """
    folder = Path(folder)
    write_named_text(out, page_alone(folder, load_study(folder)))


def analyse_study(
    folder: PathLike,
    answers: PathLike | Sequence[PathLike] = (),
    out: PathLike | None = None,
    *,
    allowed_failures: int = 0,
    seed: int = 0,
) -> Analysis:
    """Analyse which models listeners preferred, and with what certainty.

    Args:
        folder: of the study, with the answers to its service, if there are any.
        answers: one file or several that exported pages saved.
        out: folder for the figure, the numbers and the tables; None: write nothing.
        allowed_failures: attention checks a listener may fail and still count.
        seed: of the permutations.

    Raises:
        UserError: no such study, no answers, or answers that are not this study's.
    """
    folder = Path(folder)
    study = load_study(folder)
    listeners = []
    if (folder / ANSWERS_FILE).is_file():
        with closing(Store(folder / ANSWERS_FILE, study)) as store:
            listeners += store.listeners()
    listeners += [read_answers(path, study) for path in listed_paths(answers)]
    found = analyse(study, listeners, allowed_failures=allowed_failures, seed=seed)
    if out is not None:
        write_analysis(named_path(out), found)
    return found


def simulate_study(
    scenario: Scenario | None = None, out: PathLike | None = None, *, quiet: bool = False
) -> list[Power]:
    """The power of the test for several numbers of listeners, from simulated answers.

    Args:
        scenario: the study and the difference; None: the defaults.
        out: folder for the picture; None: write nothing.

    Raises:
        UserError: the difference is too small for any number of listeners within reach.
    """
    scenario = scenario or Scenario()
    with progress("numbers of listeners tried", None, quiet=quiet) as advance:
        curve = power_curve(scenario, advance=advance)
    if out is not None:
        _draw_power(named_path(out) / "power.png", curve)
    return curve


def _draw_power(path: Path, curve: Sequence[Power]) -> None:
    """The share of studies that find the difference, against listeners."""
    steps = [one.listeners for one in curve]
    found = [one.found for one in curve]
    ends = [one.low for one in found], [one.high for one in found]
    simulated = Curve("simulated", steps, [one.value for one in found], *ends)
    theory = Curve("theory", steps, [one.predicted for one in curve])
    learning_curves([Panel("power", [simulated, theory])], path, x_label="listeners")
