"""`sequence-tutor studio`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import Host, HostNames, Port, Quiet, Trust
from sequence_tutor.cli.parsing import option


@dataclass(frozen=True)
class Studio:
    """Open a page in which one writes, hears, changes and tunes; other programs can use it too.

    Without models it offers the shipped priors. Only this machine can reach the page unless --host
    says otherwise. What is tuned in the page stays in the workspace, and goes on after any stop.

    Example: sequence-tutor studio
             sequence-tutor studio runs/psi tunes --port 8001 --no-browser
    """

    models: Annotated[tuple[str, ...], option("folders or shipped priors", "[RUN|PRIOR...]")] = ()
    _: KW_ONLY
    host: Host = "127.0.0.1"
    port: Port = 8000
    name: HostNames = ()
    no_browser: Annotated[bool, option("open no browser")] = False
    workspace: Annotated[
        Path | None,
        option("folder of what is tuned; default: ~/.local/share/sequence-tutor/studio", "DIR"),
    ] = None
    trust: Trust = False
    quiet: Quiet = False

    def run(self) -> None:
        """Serve until interrupted."""
        from sequence_tutor.verbs.studio import serve_studio

        serve_studio(
            self.models,
            host=self.host,
            port=self.port,
            names=self.name,
            workspace=self.workspace,
            trust=self.trust,
            ready=self._ready,
        )

    def _ready(self, address: str, folder: str) -> None:
        print(f"Studio:    {address}", flush=True)
        if not self.quiet:
            print(f"Workspace: {folder}", flush=True)
            print("Stop with Ctrl-C; what is being tuned goes on.", flush=True)
        if not self.no_browser:
            import webbrowser

            webbrowser.open(address)
