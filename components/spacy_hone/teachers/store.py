"""The file that a teacher's outputs are kept in: SQLite, one row a text.

A batch is a transaction: whatever stops the writer, a text is there whole or not at all. Readers and several writers
may use the file at once, and reading needs no permission to write.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from os import R_OK, W_OK, access
from pathlib import Path
from struct import Struct
from typing import NamedTuple, Self

import numpy as np

from ..errors import Errors, HoneError
from .base import Floats, Output, Task, Teacher, is_finite
from .packing import pack, unpack

APPLICATION = 0x686F6E65  # "hone", in the head of the file
VERSION = 1
WIDTH = Struct("<i")  # of vectors, before them
PATIENCE = 120.0  # seconds to wait for another process's transaction
TABLES = (
    "CREATE TABLE teacher (header TEXT NOT NULL)",
    "CREATE TABLE outputs (text BLOB NOT NULL UNIQUE, logits BLOB NOT NULL, offsets BLOB NOT NULL, vectors BLOB)",
)


class Header(NamedTuple):
    """Whose outputs a file holds: see `Teacher`."""

    key: str
    task: Task

    @classmethod
    def of(cls, teacher: Teacher) -> Self:
        """What a teacher says of itself."""
        return cls(teacher.key, teacher.task)

    def __str__(self) -> str:
        columns = self.task.columns
        names = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
        return f"{self.key} ({self.task}; {len(columns)} columns: {names})"


def digest(text: str) -> bytes:
    """What a text is found by: SHA-256, 32 bytes."""
    return sha256(text.encode()).digest()


class Store:
    """An open file of outputs; a context manager that closes it. Every method raises H933 if the file fails.

    header (Header): the teacher that the outputs are of.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, header: Header):
        self.path, self.header = path, header
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file to read it. Raises H931 if there is none, H930 if it is another kind of file."""
        if not path.is_file():
            raise HoneError(Errors.H931.format(path=path))
        # a writer that was killed leaves a transaction to take back, for which SQLite has to write
        mode = "rw" if access(path, R_OK | W_OK) and access(path.absolute().parent, W_OK) else "ro"
        with _coded(path):
            connection = _connect(path, mode)
            return cls(path, connection, _read_header(path, connection))

    @classmethod
    def create(cls, path: Path, header: Header) -> Self:
        """Open a file to add outputs to it, and make it if there is none.

        Raises H930 if it is another kind of file, H932 if it holds another teacher's outputs.
        """
        with _coded(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = _connect(path, "rwc")
            with _transaction(connection):
                if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    marks = f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {VERSION}"
                    for statement in (*TABLES, *marks):
                        connection.execute(statement)
                    connection.execute("INSERT INTO teacher VALUES (?)", [json.dumps(header)])
            store = cls(path, connection, _read_header(path, connection))
        store.check(header)
        return store

    def check(self, header: Header) -> None:
        """Raise H932 if the outputs are another teacher's, another component's or of another label set."""
        if header != self.header:
            raise HoneError(Errors.H932.format(path=self.path, cached=self.header, teacher=header))

    def has(self, text: str, *, vectors: bool = False) -> bool:
        """Whether the output of a text is there, and its vectors, if asked for."""
        query = "SELECT 1 FROM outputs WHERE text = ?" + (" AND vectors IS NOT NULL" if vectors else "")
        with _coded(self.path):
            return bool(self._connection.execute(query, [digest(text)]).fetchall())

    def get(self, text: str, *, vectors: bool = False) -> Output | None:
        """The output of a text. Where vectors are asked for, one without them is none."""
        query = f"SELECT logits, offsets{', vectors' if vectors else ''} FROM outputs WHERE text = ?"
        with _coded(self.path):  # all rows, lest the statement, and its lock, stay open
            found = self._connection.execute(query, [digest(text)]).fetchall()
        if not found or found[0][-1] is None:
            return None
        logits = unpack(found[0][0], len(self.header.task.columns))
        starts, ends = np.frombuffer(found[0][1], "<i4").reshape(2, -1)
        return Output(logits, starts, ends, _unpack_vectors(found[0][2]) if vectors else None)

    def put(self, items: Iterable[tuple[str, Output]]) -> None:
        """Write the outputs of some texts, all or none. Raises H935 for an output that is malformed."""
        rows = [self._row(text, output) for text, output in items]
        with _coded(self.path), _transaction(self._connection):
            self._connection.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)", rows)

    def _row(self, text: str, output: Output) -> tuple[bytes, bytes, bytes, bytes | None]:
        for fault in _faults(output, self.header.task):
            raise HoneError(Errors.H935.format(fault=fault, text=text[:60], header=self.header))
        offsets = np.stack([output.starts, output.ends]).astype("<i4").tobytes()
        vectors = None if output.vectors is None else _pack_vectors(output.vectors)
        return digest(text), pack(output.logits, exclusive=self.header.task.exclusive), offsets, vectors

    def __len__(self) -> int:
        with _coded(self.path):
            return self._connection.execute("SELECT count(*) FROM outputs").fetchone()[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _faults(output: Output, task: Task) -> Iterator[str]:
    """What is wrong with an output."""
    logits, starts, ends, vectors = output
    n_rows = len(starts) if task.kind == "tags" else min(len(logits), 1)
    if logits.shape != (n_rows, len(task.columns)):
        yield f"logits of shape {logits.shape} where ({n_rows}, {len(task.columns)}) is expected"
    if len(starts) != len(ends):
        yield f"{len(starts)} starts and {len(ends)} ends of tokens"
    if not is_finite(output.logits):
        yield "logits that are not finite"
    if vectors is not None and (len(vectors) != n_rows or not np.isfinite(vectors).all()):
        yield f"vectors of shape {vectors.shape} that are not finite, or not one for each of {n_rows} rows"


def _pack_vectors(vectors: Floats) -> bytes:
    limit = np.finfo("float16").max
    return WIDTH.pack(vectors.shape[1]) + np.clip(vectors, -limit, limit).astype("<f2").tobytes()


def _unpack_vectors(data: bytes) -> Floats:
    (width,) = WIDTH.unpack_from(data)
    return np.frombuffer(data, "<f2", offset=WIDTH.size).reshape(-1, width).astype("float32")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection without transactions of its own. mode: "ro", "rw" or "rwc", which makes the file."""
    location = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        location, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )


def _read_header(path: Path, connection: sqlite3.Connection) -> Header:
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if (application, version) != (APPLICATION, VERSION):
        problem = f"version {version}" if application == APPLICATION else "it has other contents"
        raise HoneError(Errors.H930.format(path=path, problem=problem))
    key, task = json.loads(connection.execute("SELECT header FROM teacher").fetchone()[0])
    return Header(key, Task(*task))


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written inside, or nothing. Other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def _coded(path: Path) -> Iterator[None]:
    """Raise H930 or H933 for what SQLite and the file system raise."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise HoneError(Errors.H930.format(path=path, problem=error)) from error
        raise HoneError(Errors.H933.format(path=path, problem=error)) from error
