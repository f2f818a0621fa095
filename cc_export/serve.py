"""A plain static server, for when a browser should read a site over http."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cc_export.bundle.read import read_site
from cc_export.errors import ExportError


class _Handler(SimpleHTTPRequestHandler):
    """Serves files and says nothing; a page of the site must not be kept after a new export."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: object) -> None:
        self.send_error(404, "No such file")


def static_server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server of the site on the loopback address, not started yet; port 0 takes a free one.

    Raises:
        ExportError: ``site`` is no site, or the port is taken.
    """
    folder = read_site(site).folder
    try:
        return ThreadingHTTPServer(
            ("127.0.0.1", port), partial(_Handler, directory=str(folder.resolve()))
        )
    except OSError as error:
        raise ExportError(
            f"port {port} cannot be used: {error.strerror}", "Choose another with --port, or 0."
        ) from None
