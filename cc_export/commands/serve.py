"""``cc-export serve``: a site over http, for convenience."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from cc_export.commands.common import DONE, SiteArgument, fails_with_text, whole


@fails_with_text
def serve(
    site: SiteArgument,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            metavar="NUMBER",
            parser=whole("--port", 0, 65535),
            help="Port on this machine; 0 takes a free one.",
        ),
    ] = 8000,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Serve a site on this machine over http, for convenience: sites need no server.

    Example: `cc-export serve site --open`
    """
    from cc_export.serve import static_server  # noqa: PLC0415 (help stays quick)

    with static_server(site, port) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        typer.echo(f"{site} is at {address}  (Ctrl-C stops)")
        if open_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raise typer.Exit(DONE) from None
