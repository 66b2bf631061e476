"""Every way in which a database can be refused, in words that a person can act on."""

from __future__ import annotations


class StorageError(Exception):
    """The database cannot be opened; the text says why in one sentence that a person can act on."""


class DatabaseInUse(StorageError):
    """Another process runs on this database."""


class KeyMissing(StorageError):
    """There is no key, or not the right one, for what is encrypted in the database."""


class SchemaOld(StorageError):
    """`karo migrate` has to run first."""
