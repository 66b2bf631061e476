"""A wire between a client and a PostgreSQL server that can be cut at COMMIT."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from typing import Literal

from sqlalchemy import make_url

Cut = Literal["before", "after"]
_SOCKET = ".s.PGSQL.5432"
_SENT = b"Q\x00\x00\x00\x0bCOMMIT\x00"  # the message that asks for it
_DONE = b"C\x00\x00\x00\x0bCOMMIT\x00"  # the message that says it was done


class Wire:
    """Listens on a unix socket of its own; `url` leads to the same database through it.

    cut: what becomes of the next COMMIT: cut before the server hears it, or after the server has said that it is
    done, and nobody heard that.
    """

    def __init__(self, server_url: str) -> None:
        self.cut: Cut | None = None
        self._folder = tempfile.mkdtemp(prefix="karo-wire-")  # short: a socket's path has at most 107 letters
        server = make_url(server_url)
        self._server = f"{server.query['host']}/{_SOCKET}"
        self.url = server.update_query_dict({"host": self._folder}).render_as_string(hide_password=False)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(f"{self._folder}/{_SOCKET}")
        self._listening.listen()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        """Cuts everything, for good."""
        for end in (self._listening, *self._open):
            _hang_up(end)
        for thread in self._threads:
            thread.join()
        for end in (self._listening, *self._open):
            end.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += (client, server)
                self._start(self._carry, client, server, _SENT, "before")
                self._start(self._carry, server, client, _DONE, "after")

    def _carry(self, source: socket.socket, target: socket.socket, message: bytes, cut: Cut) -> None:
        """From one end to the other, until one hangs up or it is time to cut."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.cut == cut and message in data:
                    self.cut = None
                    break
                target.sendall(data)
        _hang_up(source)
        _hang_up(target)

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
