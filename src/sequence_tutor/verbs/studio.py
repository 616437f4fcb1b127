"""`studio`: a local page and service that writes, judges and tunes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from sequence_tutor.errors import UserError
from sequence_tutor.storage.files import PathLike, named_path
from sequence_tutor.threads import cores_at_hand, set_threads


def serve_studio(
    models: Sequence[str] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Sequence[str] = (),
    workspace: PathLike | None = None,
    trust: bool = False,
    ready: Callable[[str, str], None] = lambda _address, _folder: None,
) -> None:
    """Serve the studio until interrupted.

    Args:
        models: folders of runs or priors, or names of shipped priors; none: the shipped priors.
        host: address to listen at, by default this machine's own.
        port: 0 takes any free one.
        names: further host names of the page.
        workspace: folder of what is tuned; None: the user's own.
        trust: run the code that the models' folders name.
        ready: called with the page's address and the workspace.

    Raises:
        UserError: a model that cannot be used, a port that is taken, a workspace in use, or the
            extra `studio` is not installed.
    """
    try:
        from sequence_tutor.serving.requests import Hosts
        from sequence_tutor.serving.server import listen, server
        from sequence_tutor.studio.jobs import Jobs
        from sequence_tutor.studio.processes import Processes
        from sequence_tutor.studio.service import Service
        from sequence_tutor.studio.shelf import Shelf
        from sequence_tutor.studio.workers import Workers
        from sequence_tutor.studio.workspace import default_workspace, workspace_of
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed, expected the extra: pip install sequence-tutor[studio]"
        ) from error
    set_threads(1)
    folder = default_workspace() if workspace is None else named_path(workspace)
    hosts = Hosts((host, *names) if host else names, "; see --name of studio")
    with ExitStack() as stack:
        taken = stack.enter_context(listen(host, port))
        jobs = stack.enter_context(closing(Jobs(stack.enter_context(workspace_of(folder)))))
        shelf = Shelf(models, jobs.finished, trust=trust)
        cores = cores_at_hand()
        answers = None  # in threads: the processes need what only POSIX has
        if sys.platform != "win32":
            first = shelf.chosen(None, None)
            answers = stack.enter_context(Processes(cores, first, trust=trust))
        workers = stack.enter_context(closing(Workers(cores)))
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{taken.getsockname()[1]}/", str(folder))
        service = Service(shelf, workers, jobs, hosts, answers)
        server(service.application()).run(sockets=[taken])
