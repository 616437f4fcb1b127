"""`studio`: a local page and service that writes, judges and tunes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from sequence_tutor.errors import UserError
from sequence_tutor.storage.files import PathLike
from sequence_tutor.threads import cores_at_hand, set_threads


def serve_studio(
    models: Sequence[str] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Sequence[str] = (),
    workspace: PathLike | None = None,
    trust: bool = False,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve the studio until interrupted.

    Args:
        models: folders of runs or priors, or names of shipped priors; none: the shipped priors.
        host: address to listen at, by default this machine's own.
        port: 0 takes any free one.
        names: further host names of the page.
        workspace: folder of what is tuned; None: the user's own.
        trust: run the code that the models' folders name.
        ready: called with the page's address.

    Raises:
        UserError: a model that cannot be used, a port that is taken, a workspace in use, or the
            extra `studio` is not installed.
    """
    try:
        from sequence_tutor.serving.requests import Hosts
        from sequence_tutor.serving.server import listen, server
        from sequence_tutor.studio.service import Service
        from sequence_tutor.studio.shelf import Shelf
        from sequence_tutor.studio.workers import Workers
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed, expected the extra: pip install sequence-tutor[studio]"
        ) from error
    shelf = Shelf(models, trust=trust)
    set_threads(1)
    with listen(host, port) as taken, closing(Workers(cores_at_hand())) as workers:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{taken.getsockname()[1]}/")
        hosts = Hosts((host, *names), "; see --name of studio")
        server(Service(shelf, workers, hosts).application()).run(sockets=[taken])
