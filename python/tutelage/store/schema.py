"""The tables, and opening them without ever spoiling a file."""

import os
import sqlite3

from .._core import IoError, StateError, ValueError

APPLICATION, VERSION = 0x7475746C, 1  # "tutl"

TABLES = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE items (
  place INTEGER PRIMARY KEY,          -- in order of asking
  id TEXT NOT NULL UNIQUE,            -- of the content: the same question is the same item
  task TEXT NOT NULL,                 -- compare, verdict or rank
  prompt TEXT NOT NULL,
  answers TEXT NOT NULL,              -- JSON list
  sources TEXT NOT NULL,              -- JSON list: the model and checkpoint that gave each answer
  purpose TEXT NOT NULL,              -- why it is asked; raters never see it
  score REAL,                         -- how much the question was worth asking
  gold TEXT,                          -- the known right kind, if it is a question with a known answer
  created REAL NOT NULL) STRICT;
CREATE TABLE judgements (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,            -- chosen by the front end, so that sending twice is harmless
  item TEXT NOT NULL REFERENCES items (id),
  rater TEXT NOT NULL,                -- a pseudonym
  session TEXT NOT NULL,
  turn INTEGER NOT NULL,              -- 0; 1 where the same question was asked again with the sides swapped
  kind TEXT NOT NULL,                 -- or "retraction"
  answer INTEGER,                     -- which answer a verdict or a correction is of
  strength INTEGER,                   -- -3, the first is much better, to 3, the second is
  ranking TEXT,                       -- JSON list: a rank for each answer, 1 the best
  correction TEXT,
  note TEXT,
  shown TEXT NOT NULL,                -- JSON list: the answers' numbers in the order in which they were shown
  seconds REAL NOT NULL,
  time REAL NOT NULL,
  retracts TEXT) STRICT;              -- the id of the judgement that is taken back
CREATE INDEX judgements_of_item ON judgements (item);
CREATE INDEX judgements_of_rater ON judgements (rater);
CREATE INDEX retractions ON judgements (retracts);
"""


def failed(path, error):
    """The typed error for what SQLite says."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return ValueError(f"Store: this does not fit what is stored: got {text}, expected rows that do.")
    if isinstance(error, sqlite3.ProgrammingError):
        return StateError(f"Store: {path} was closed: got {text}, expected an open store.")
    if "locked" in text or "busy" in text:
        return IoError(f"Store: {path} is in use by another program: got {text}, expected to have it within 5 s. Close the other program.")
    if "full" in text:
        return IoError(f"Store: the disk is full: got {text} for {path}, expected room to write. Nothing that was said to be saved is lost.")
    if "readonly" in text or "unable to open" in text:
        return IoError(f"Store: {path} cannot be written: got {text}, expected a file of yours.")
    if "malformed" in text or "not a database" in text:
        return damaged(path, text)
    return IoError(f"Store: {path} cannot be used: got {text}, expected SQLite to do what it was asked.")


def damaged(path, text):
    return IoError(f"Store: {path} is damaged or no SQLite file: got {text}, expected a store. It was not changed.")


def connect(path, create=True):
    """An open connection to a store that was checked. A new file is for its owner alone, and so are the two that SQLite puts beside it."""
    if not create and not os.path.exists(path):
        raise IoError(f"Store: no such file: got {path}, expected a store.")
    try:
        os.close(os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600))
    except OSError as error:
        raise IoError(f"Store: {path} cannot be opened: got {error.strerror}, expected a file of yours.") from error
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        check(connection, path)
        for name in (path, path + "-wal", path + "-shm"):  # of a store alone: what is refused stays as it is
            if os.path.exists(name):
                os.chmod(name, 0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection
    except sqlite3.Error as error:
        if connection:
            connection.close()
        raise failed(path, error) from error
    except IoError:
        connection.close()
        raise
    except OSError as error:
        connection.close()
        raise IoError(f"Store: {path} cannot be kept to its owner: got {error.strerror}, expected a file of yours.") from error


def check(connection, path):
    """Makes the tables of an empty file; refuses whatever is not a whole store of this version."""
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if application == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;")
        return
    if application != APPLICATION:
        raise IoError(f"Store: {path} is another program's database: got application {application:#x}, expected {APPLICATION:#x}. It was not changed.")
    if version != VERSION:
        raise IoError(f"Store: {path} has {'a newer' if version > VERSION else 'an unknown'} schema: got version {version}, expected {VERSION}. "
                      + ("Update tutelage." if version > VERSION else "It was not changed."))
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise damaged(path, found)
