"""An order is carried out: a run in a folder, from wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sequence_tutor.prior.protocol import device_of
from sequence_tutor.progress import heading, progress, warner
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.weighted import effective_weights
from sequence_tutor.sampling.measure import Task, measure
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.tensorboard_events import ask_for_events
from sequence_tutor.tracking.fan_out import FanOut
from sequence_tutor.tracking.registry import TENSORBOARD
from sequence_tutor.tuner.beginning import chosen_start
from sequence_tutor.tuner.checks import (
    check_budget,
    check_choice,
    check_given_seeds,
    check_memory,
)
from sequence_tutor.tuner.extensions import Extensions
from sequence_tutor.tuner.fenced import Fenced, fenced
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.run_folder import begin_or_resume, is_finished, save_policy
from sequence_tutor.tuner.run_record import RunSpec, is_run, load_spec, with_unsaid
from sequence_tutor.tuner.saving import keep_scores
from sequence_tutor.tuner.stages import most_steps, stages_of


def carry_out(
    order: Order,
    out: Path,
    *,
    threads: int | None = None,
    tensorboard: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    quiet: bool = False,
) -> None:
    """Tune in a folder, from wherever it stands; see `verbs.tune` for the arguments.

    Raises:
        UserError: something cannot be used, or the folder holds something else.
    """
    spec = order.spec
    for remark in order.begun.remarks:
        heading(remark, quiet=quiet)
    chosen_start(order.stored.prior, spec.tune)
    if is_run(out):  # a setting that it could not say yet is as it was then
        spec = replace(spec, reward=with_unsaid(load_spec(out), out, spec.reward))
    reward = order.reward(spec.reward)
    task = order.task(reward)
    if is_run(out):
        keep_scores(reward, out)
    inside = fenced(task, spec.tune, order.domain.numbers)
    extensions = _checked(order, task, spec)
    with ExitStack() as stack:
        stack.enter_context(writing_in(out))
        spec = begin_or_resume(out, spec, order.stored, threads)
        keep_scores(reward, out)
        alone = "reward: its weights play no part beside the aims"
        tell(alone if spec.tune.aims_alone else effective_weights(reward))
        if isinstance(inside.reward, Fenced):
            tell(f"fence: {inside.reward.fence.describe()}")
        log = order.tables.log
        if tensorboard or TENSORBOARD in (*log.to, *order.given.extensions.log_to):
            ask_for_events(out)
        warn = warner(quiet=quiet)
        loggers = FanOut(extensions.log_to, out, spec.to_json(), warn)
        stack.callback(lambda: loggers.end(finished=is_finished(out)))
        name, begun = f"tuning {spec.tune.algorithm}", (out / STATE_FILE).exists()
        gatherer = order.domain.gatherer(out, reward, order.begun.settings, begun)
        if gatherer is not None:
            stack.callback(gatherer.close)
        tuner = Tuner(
            inside,
            spec.tune,
            out,
            warn,
            gatherer=gatherer,
            seeds=order.seeds,
            rows=order.rows(reward) if spec.tune.aims else None,
            properties=order.domain.properties(len(order.begun.tokens)),
            chooser=order.chooser(reward),
            save_minutes=order.tables.execution.save_minutes,
            extensions=extensions,
            loggers=loggers,
            executor=order.executor,
        )
        advance = stack.enter_context(progress(name, most_steps(spec.tune), quiet=quiet))
        save_policy(out, tuner.run(advance), tuner.c)


def _checked(order: Order, task: Task, spec: RunSpec) -> Extensions:
    """What extends the run; whatever is wrong is found before anything is written."""
    names = task.reward.names
    check_memory(spec.tune, spec.length, order.domain.vocab_size, len(names))
    check_choice(spec.tune, task.only)
    stages_of(spec.tune, task.reward)
    order.check_aims(task.reward)
    check_budget(spec.tune, len(order.seeds))
    if order.given.seeds is not None:  # a file without any is a mistake
        check_given_seeds(order.given.seeds, order.seeds, task, spec.tune)
    extensions = order.check_extensions()
    generator = named_generator(0, "trial", device_of(task.prior))
    for _ in measure(task.prior, fenced(task, spec.tune, order.domain.numbers), 2, generator):
        pass
    return extensions
