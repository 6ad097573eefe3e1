"""What outlives a deployment, in SQLite."""

# ruff: noqa: S608 - the names that make up the statements are all our own

import os
import sqlite3
from typing import Generic, TypeVar

from msgspec import Struct, json

from . import records
from .dossier import Finished

T = TypeVar("T", bound=Struct)

MOST_FINISHED = 1_000

_SCHEMA = """
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS app (name TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS version (
  app TEXT NOT NULL REFERENCES app ON UPDATE CASCADE ON DELETE CASCADE,
  name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (app, name));
CREATE TABLE IF NOT EXISTS storage (name TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS profile (
  storage TEXT NOT NULL REFERENCES storage ON UPDATE CASCADE ON DELETE CASCADE,
  name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (storage, name));
CREATE TABLE IF NOT EXISTS link (
  storage TEXT NOT NULL, profile TEXT NOT NULL, app TEXT NOT NULL, version TEXT NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY (storage, profile, app, version),
  FOREIGN KEY (storage, profile) REFERENCES profile ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (app, version) REFERENCES version ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS deployment (name TEXT PRIMARY KEY, body BLOB NOT NULL);
"""


class Table(Generic[T]):
    """Things of one kind under their names, in the order in which they came."""

    def __init__(
        self, database: sqlite3.Connection, name: str, keys: tuple[str, ...], kind: type[T]
    ) -> None:
        self._database = database
        self._name = name
        self._keys = keys
        self._kind = kind

    def get(self, *key: str) -> T | None:
        """Return the thing of this name, None if there is none."""
        found = self.all(*key)
        return found[0] if found else None

    def all(self, *key: str) -> list[T]:
        """Return the things under these names, the outermost first."""
        sql = f"SELECT body FROM {self._name} {self._where(key)} ORDER BY rowid"
        rows = self._database.execute(sql, key)
        return [json.decode(body, type=self._kind) for (body,) in rows]

    def add(self, thing: T, *key: str) -> bool:
        """Keep a thing; return False if its name is taken."""
        marks = "?, " * len(key)
        sql = f"INSERT OR IGNORE INTO {self._name} VALUES ({marks}?)"
        return self._database.execute(sql, (*key, json.encode(thing))).rowcount == 1

    def change(self, thing: T, *key: str, name: str) -> bool:
        """Replace a thing, whose name may be new; return False if that is taken."""
        sql = f"UPDATE OR IGNORE {self._name} SET body = ?, {self._keys[-1]} = ?"
        done = self._database.execute(
            f"{sql} {self._where(key)}", (json.encode(thing), name, *key)
        )
        return done.rowcount == 1

    def remove(self, *key: str) -> bool:
        """Forget a thing with all that hangs on it; return False if there is none."""
        sql = f"DELETE FROM {self._name} {self._where(key)}"
        return self._database.execute(sql, key).rowcount == 1

    def _where(self, key: tuple[str, ...]) -> str:
        tests = [f"{column} = ?" for column, _ in zip(self._keys, key, strict=False)]
        return f"WHERE {' AND '.join(tests)}" if tests else ""


class Store:
    """Apps, versions, storages, pull profiles, deployments that are over."""

    def __init__(self, path: str = ":memory:") -> None:
        """Open a store.

        Args:
            path: a file that only its owner may read, as it holds the storages' keys.
        """
        if path != ":memory:":
            os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_SCHEMA)
        database = self._database
        self.apps = Table(database, "app", ("name",), records.App)
        self.versions = Table(database, "version", ("app", "name"), records.Version)
        self.storages = Table(database, "storage", ("name",), records.Storage)
        self.profiles = Table(database, "profile", ("storage", "name"), records.Profile)
        link = ("storage", "profile", "app", "version")
        self.links = Table(database, "link", link, records.Link)
        self.deployments = Table(database, "deployment", ("name",), Finished)

    def finish(self, name: str, finished: Finished) -> None:
        """Keep a deployment that is over; the oldest ones go when there are too many."""
        self.deployments.add(finished, name)
        self._database.execute(
            "DELETE FROM deployment WHERE rowid <= (SELECT max(rowid) FROM deployment) - ?",
            (MOST_FINISHED,),
        )

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
