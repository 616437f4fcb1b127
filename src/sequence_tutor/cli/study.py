"""`sequence-tutor study make`, `serve`, `export`, `analyse` and `simulate`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from sequence_tutor.cli.arguments import Host, HostNames, Port, Quiet, Seed, Shown, StoredModels
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    from sequence_tutor.estimates import Estimate
    from sequence_tutor.study.analysis import Analysis

Folder = Annotated[Path, option("folder of the study", "STUDY")]
Pairs = Annotated[int, option("clip pairs of each two models", "N")]
Rounds = Annotated[int, option("of those, how many one listener hears", "N")]


@dataclass(frozen=True)
class StudyMake:
    """Make clip pairs of two or more models, balanced and shuffled, with attention checks.

    Every clip is in one pair; a listener hears --rounds pairs of each two models and two checks.
    Models that are tuned runs are named after their folders.

    Example: sequence-tutor study make tunes runs/psi --out studies/first
    """

    models: Annotated[tuple[str, ...], option("folders or shipped priors", "RUN|PRIOR...")] = ()
    _: KW_ONLY
    out: Annotated[Path, option("folder of the study", "STUDY")]
    pairs: Pairs = 8
    rounds: Rounds = 2
    length: Annotated[int | None, option("tokens in a melody", "T")] = None
    tempo: Annotated[float, option("quarter notes a minute")] = 120.0
    title: Annotated[str | None, option("heading of the page", "TEXT")] = None
    consent: Annotated[Path | None, option("what listeners agree to", "FILE.txt")] = None
    stored: StoredModels = StoredModels()
    seed: Seed = 0
    shown: Shown = Shown()

    def run(self) -> None:
        """Sample, then write the study."""
        from sequence_tutor.config.presets import build
        from sequence_tutor.evaluation.loading import load_model
        from sequence_tutor.study.making import Design
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.study import make_study

        texts = {"title": self.title, "consent": self.consent and _text(self.consent)}
        given: dict[str, Any] = {
            **{name: getattr(self, name) for name in ("pairs", "rounds", "tempo", "seed")},
            "texts": {name: text for name, text in texts.items() if text is not None},
        }
        design = build(Design, given, "study make")
        set_threads(1)
        models = [load_model(name, **arguments_of(self.stored)) for name in self.models]
        study = make_study(
            models, self.out, design=design, length=self.length, quiet=self.shown.quiet
        )
        sizes = {"pairs": len(study.pairs), "clips": len(study.clips), "trials": study.trials}
        self.shown.write({"models": study.models, **sizes})
        self.shown.remark(
            f"{len(study.pairs)} pairs of {len(study.models)} models are in {self.out}; a "
            f"listener hears {study.trials}, two of them checks."
        )


@dataclass(frozen=True)
class StudyServe:
    """Ask listeners in their browsers, and keep every answer.

    Only this machine can reach the page unless --host says otherwise. Answers are saved in the
    study's folder as they come; after any stop the same command continues.

    Example: sequence-tutor study serve studies/first --port 8000
    """

    study: Folder
    _: KW_ONLY
    host: Host = "127.0.0.1"
    port: Port = 8000
    name: HostNames = ()
    quiet: Quiet = False

    def run(self) -> None:
        """Serve until interrupted."""
        from sequence_tutor.verbs.study import serve_study

        serve_study(self.study, host=self.host, port=self.port, names=self.name, ready=self._ready)

    def _ready(self, address: str, token: str) -> None:
        print(f"Listeners: {address}", flush=True)
        print(f"Results:   {address}results?token={token}", flush=True)
        print("Stop with Ctrl-C; nothing is lost.", flush=True)


@dataclass(frozen=True)
class StudyExport:
    """Write the study as one HTML file for use without a server.

    Listeners open it, and at the end save their answers as a file to send back.

    Example: sequence-tutor study export studies/first --html first.html
    """

    study: Folder
    _: KW_ONLY
    html: Annotated[Path, option("the page", "FILE.html")]
    quiet: Quiet = False

    def run(self) -> None:
        """Write the page."""
        from sequence_tutor.verbs.study import export_study

        export_study(self.study, self.html)
        if not self.quiet:
            show(f"{self.html} has everything in it: {self.html.stat().st_size / 2**20:.1f} MB.")


@dataclass(frozen=True)
class StudyAnalyse:
    """Analyse which model was preferred, and how surely: figure 3 and its tests.

    Reads the answers of `study serve` and the files that exported pages saved.

    Example: sequence-tutor study analyse studies/first --answers answers-*.json --out results
    """

    study: Folder
    _: KW_ONLY
    answers: Annotated[tuple[Path, ...], option("files that pages saved", "FILE...")] = ()
    out: Annotated[Path | None, option("folder for figure, tables and numbers", "DIR")] = None
    allow_failed: Annotated[int, option("checks a listener may fail and still count", "N")] = 0
    seed: Seed = 0
    shown: Shown = Shown()

    def run(self) -> None:
        """Analyse, then show the tables."""
        from sequence_tutor.verbs.study import analyse_study

        found = analyse_study(
            self.study, self.answers, self.out, allowed_failures=self.allow_failed, seed=self.seed
        )
        self.shown.write(found.to_json())
        show(standings_table(found))
        test = found.overall
        show(
            f"Kruskal-Wallis H {test.statistic:.2f}, {found.degrees_of_freedom} degrees of "
            f"freedom, p {test.p:.2g}, by permutation {test.p_permutation:.2g}"
        )
        for one in found.contrasts:
            show(
                f"{one.a} and {one.b}: rank-biserial {one.effect:.2f}, p (Holm) {one.p_holm:.2g}, "
                f"by permutation {one.p_permutation_holm:.2g}"
            )
        who = found.attention
        self.shown.remark(
            f"{found.ratings} ratings by {who.answered} listeners; {who.left_out} were left out "
            f"because of failed checks ({who.failed_identical} with equal sounds, "
            f"{who.failed_broken} with a broken one)."
        )


@dataclass(frozen=True, kw_only=True)
class StudySimulate:
    """Find out by simulation how many listeners a study needs.

    The best model is preferred to each of the others, which are equal, in --share of answers.

    Example: sequence-tutor study simulate --models 4 --share 0.65
    """

    models: Annotated[int, option("number of models", "N")] = 4
    share: Annotated[float, option("how often the best is preferred to another")] = 0.65
    pairs: Pairs = 8
    rounds: Rounds = 2
    clip_spread: Annotated[
        float, option("spread of clips of one model; 1: as large as a listener's own noise")
    ] = 0.0
    level: Annotated[float, option("significance level of the test")] = 0.05
    power: Annotated[float, option("share of studies that must find the difference")] = 0.8
    studies: Annotated[int, option("simulated studies for each number of listeners", "N")] = 400
    out: Annotated[Path | None, option("folder for the picture", "DIR")] = None
    seed: Seed = 0
    shown: Shown = Shown()

    def run(self) -> None:
        """Simulate, then show the power curve."""
        from sequence_tutor.config.presets import build
        from sequence_tutor.study.simulation import Scenario, listeners_needed
        from sequence_tutor.verbs.study import simulate_study

        given = arguments_of(self, "out", "quiet")
        scenario = build(Scenario, given, "study simulate")
        curve = simulate_study(scenario, self.out, quiet=self.shown.quiet)
        needed = listeners_needed(curve, scenario.power)
        rows = [
            {"listeners": one.listeners, "power": one.found.to_json(), "predicted": one.predicted}
            for one in curve
        ]
        numbers = {"scenario": scenario.model_dump(), "curve": rows, "listeners_needed": needed}
        self.shown.write(numbers)
        cells = [
            [str(one.listeners), *_with_interval(one.found), f"{one.predicted:.2f}"]
            for one in curve
        ]
        show(Table(["listeners", "power", "95 % interval", "theory"], cells))
        show(f"{needed} listeners find it in {scenario.power:.0%} of studies.")


STUDY = {
    "make": StudyMake,
    "serve": StudyServe,
    "export": StudyExport,
    "analyse": StudyAnalyse,
    "simulate": StudySimulate,
}


def standings_table(found: Analysis) -> Table:
    """One row a model."""
    rows = []
    for one in found.standings:
        wins, score = f"{one.wins} of {one.comparisons}", f"{one.score.value:.2f}"
        rows.append([one.model, wins, *_with_interval(one.share), score])
    return Table(["model", "preferred", "share", "95 % interval", "Bradley-Terry"], rows)


def _with_interval(estimate: Estimate) -> tuple[str, str]:
    return f"{estimate.value:.2f}", f"{estimate.low:.2f} to {estimate.high:.2f}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
