"""Alembic's environment: always on a connection that storage.migrate hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    transactional_ddl=True,
    compare_type=True,
    render_as_batch=True,
)
context.run_migrations()
