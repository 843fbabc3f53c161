"""`tutelage.prefs.Store`: questions and judgements in one SQLite file, only ever added to."""

import contextlib
import hashlib
import json
import secrets
import sqlite3
import threading
import time
from typing import NamedTuple, Optional

from .._core import ValueError
from . import schema
from .replay import Replay

TASKS = {"compare": ("a", "b", "tie", "both_bad", "cannot_judge", "skip", "correction"), "verdict": ("right", "wrong", "cannot_judge", "skip", "correction"),
         "rank": ("ranking", "cannot_judge", "skip", "correction")}
LONGEST = 200_000  # characters of a note or a correction
COLUMNS = "id, item, rater, session, turn, kind, answer, strength, ranking, correction, note, shown, seconds, time"


def plain(answer):
    """An answer as JSON has it: text, or a replay's parts."""
    return answer.stored() if isinstance(answer, Replay) else answer


def clean(text):
    """Text that UTF-8 can hold: halves of surrogate pairs are replaced."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if not text.isascii() else text


class Item(NamedTuple):
    """A question: one answer, two, or up to nine, texts or Replays, and what produced them."""

    id: str
    task: str
    prompt: str
    answers: tuple
    sources: tuple
    purpose: str = "given"
    score: Optional[float] = None
    gold: Optional[str] = None

    @staticmethod
    def of(prompt, answers, *, task=None, sources=None, purpose="given", score=None, gold=None):
        """Checks it; `task` is verdict for one answer, compare for two, rank for three to nine. Raises ValueError."""
        answers = tuple(a if isinstance(a, Replay) else clean(a) for a in answers)
        task = task or {1: "verdict", 2: "compare"}.get(len(answers), "rank")
        sources = tuple(sources) if sources else ("",) * len(answers)
        least, most = {"verdict": (1, 1), "compare": (2, 2), "rank": (2, 9)}.get(task, (0, -1))
        if not least <= len(answers) <= most:
            raise ValueError(f"Item.of: wrong number of answers for the task: got {len(answers)} for {task}, expected 1 for verdict, 2 for compare, 2 to 9 for rank.")
        if not prompt or len(sources) != len(answers):
            raise ValueError(f"Item.of: prompt or sources do not fit: got {prompt!r} and {len(sources)} sources, expected a question and one source an answer.")
        if gold is not None and gold not in TASKS[task]:
            raise ValueError(f"Item.of: unknown gold answer: got {gold!r}, expected one of {', '.join(TASKS[task])}.")
        prompt = clean(prompt)
        digest = hashlib.sha256(json.dumps([task, prompt, [plain(a) for a in answers]], ensure_ascii=True).encode()).hexdigest()[:20]
        return Item(digest, task, prompt, answers, tuple(clean(str(s)) for s in sources), purpose, score, gold)


class Answer(NamedTuple):
    """One judgement as it is stored; `kind`, `strength`, `ranking` and `answer` count the item's answers, not the places where they were shown."""

    id: str
    item: str
    rater: str
    session: str
    turn: int
    kind: str
    answer: Optional[int] = None
    strength: Optional[int] = None
    ranking: Optional[tuple] = None
    correction: Optional[str] = None
    note: Optional[str] = None
    shown: tuple = ()
    seconds: float = 0.0
    time: float = 0.0

    def check(self, item):
        """Raises ValueError where it is no answer to the item."""
        def need(ok, what, got, expected):
            if not ok:
                raise ValueError(f"Store.judge: {what}: got {got!r}, expected {expected}.")
        n = len(item.answers)
        need(self.kind in TASKS[item.task], "unknown kind", self.kind, ", ".join(TASKS[item.task]))
        need(sorted(self.shown) == list(range(n)), "shown is no order of the answers", self.shown, f"0 to {n - 1} in some order")
        need(self.kind != "correction" or all(isinstance(a, str) for a in item.answers), "a replay cannot be written", self.kind, "a choice")
        need(self.strength is None or (self.kind in ("a", "b", "tie") and isinstance(self.strength, int) and -3 <= self.strength <= 3
                                       and (self.kind == "a") == (self.strength < 0) and (self.kind == "b") == (self.strength > 0)),
             "strength does not fit", self.strength, "-3 to -1 with a, 0 with tie, 1 to 3 with b")
        need((self.answer is not None) == (self.kind in ("right", "wrong", "correction")) and (self.answer is None or 0 <= self.answer < n),
             "answer does not fit", self.answer, "the number of the answer that is judged or corrected")
        need((self.ranking is not None) == (self.kind == "ranking") and (self.ranking is None or (len(self.ranking) == n and all(1 <= r <= n for r in self.ranking))),
             "ranking does not fit", self.ranking, f"{n} ranks from 1 to {n}")
        need((self.correction is not None) == (self.kind == "correction") and (self.correction is None or self.correction.strip()), "correction does not fit",
             self.correction, "the better answer in words")
        need(all(text is None or len(text) <= LONGEST for text in (self.correction, self.note)), "text is too long", "more", f"at most {LONGEST} characters")
        need(isinstance(self.seconds, (int, float)) and 0 <= self.seconds < 1e9, "seconds is out of range", f"{self.seconds!r:.40}", "0 or more, below 1e9")


class Store:
    """Questions and judgements in one SQLite file, for its owner alone (mode 0600); a judgement is on disk before `judge` returns.

    Judgements are only added: taking one back adds a retraction. `erase(rater)` is the one exception. May be used from several threads, and from
    several processes at once. Raises IoError for a damaged file, another program's, one of a newer schema, a full disk, or one locked for over 5 s.
    """

    def __init__(self, path, create=True):
        self.path = str(path)
        self._lock = threading.RLock()
        self._connection = schema.connect(self.path, create)
        with self._change() as run:
            run("INSERT OR IGNORE INTO settings VALUES ('salt', ?)", (secrets.token_hex(16),))
        self._salt = self.setting("salt")

    def close(self):
        with self._lock:
            self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @contextlib.contextmanager
    def _change(self):
        """A transaction; on disk when it is left."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection.execute
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise schema.failed(self.path, error) from error

    def _rows(self, query, values=()):
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise schema.failed(self.path, error) from error

    def setting(self, key):
        """What is kept under a name, or None."""
        return next((value for (value,) in self._rows("SELECT value FROM settings WHERE key = ?", (key,))), None)

    def keep(self, key, value):
        with self._change() as run:
            run("INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    def pseudonym(self, name):
        """The rater's id for a name or a browser's secret; the name itself is stored nowhere."""
        return "r-" + hashlib.sha256(f"{self._salt}:{name}".encode("utf-8", "replace")).hexdigest()[:12]

    def add(self, items):
        """Adds questions; those that are there already stay as they are. Returns how many were new."""
        before = self._rows("SELECT count(*) FROM items")[0][0]
        with self._change() as run:
            for i in items:
                run("INSERT OR IGNORE INTO items (id, task, prompt, answers, sources, purpose, score, gold, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (i.id, i.task, i.prompt, json.dumps([plain(a) for a in i.answers]), json.dumps(i.sources), i.purpose, i.score, i.gold, time.time()))
            return run("SELECT count(*) FROM items").fetchone()[0] - before

    def items(self):
        """All questions, in the order in which they were added."""
        rows = self._rows("SELECT id, task, prompt, answers, sources, purpose, score, gold FROM items ORDER BY place")
        answers = lambda text: tuple(Replay.of(**a) if isinstance(a, dict) else a for a in json.loads(text))
        return [Item(*row[:3], answers(row[3]), tuple(json.loads(row[4])), *row[5:]) for row in rows]

    def judge(self, answer, item):
        """Stores one judgement of an item; False where it was there already. An earlier one of the same rater and turn is taken back.

        Raises ValueError where it does not fit the item, or the same id was given to another judgement.
        """
        answer = answer._replace(**{k: clean(v) for k, v in answer._asdict().items() if isinstance(v, str)})
        answer.check(item)
        with self._change() as run:
            if not run("SELECT 1 FROM items WHERE id = ?", (answer.item,)).fetchone():
                raise ValueError(f"Store.judge: unknown item: got {answer.item!r}, expected one that was added.")
            if self._known(run, answer.id, answer.rater, answer.item, answer.kind):
                return False
            for (older,) in run("SELECT id FROM judgements j WHERE item = ? AND rater = ? AND turn = ? AND retracts IS NULL AND NOT EXISTS "
                                "(SELECT 1 FROM judgements r WHERE r.retracts = j.id)", (answer.item, answer.rater, answer.turn)).fetchall():
                self._take_back(run, secrets.token_hex(16), older, answer.rater, answer.session)
            run(f"INSERT INTO judgements ({COLUMNS}) VALUES ({', '.join('?' * 14)})",
                tuple(json.dumps(v) if isinstance(v, tuple) else v for v in answer._replace(time=answer.time or time.time())))
        return True

    def retract(self, id, of, rater, session=""):
        """Takes back the rater's judgement `of`; False where it was taken back already. Raises ValueError where there is none."""
        with self._change() as run:
            row = run("SELECT item FROM judgements WHERE id = ? AND rater = ? AND retracts IS NULL", (of, rater)).fetchone()
            if row is None:
                raise ValueError(f"Store.retract: no such judgement: got {of!r}, expected one of this rater.")
            if self._known(run, id, rater, row[0], "retraction") or run("SELECT 1 FROM judgements WHERE retracts = ?", (of,)).fetchone():
                return False
            self._take_back(run, id, of, rater, session)
        return True

    @staticmethod
    def _known(run, id, rater, item, kind):
        row = run("SELECT rater, item, kind FROM judgements WHERE id = ?", (id,)).fetchone()
        if row is not None and row != (rater, item, kind):
            raise ValueError(f"Store.judge: the id is taken: got {id!r} for another judgement, expected a new one.")
        return row is not None

    @staticmethod
    def _take_back(run, id, of, rater, session):
        run("INSERT INTO judgements (id, item, rater, session, turn, kind, shown, seconds, time, retracts) SELECT ?, item, rater, ?, turn, 'retraction', '[]', 0, ?, id "
            "FROM judgements WHERE id = ? AND rater = ?", (id, session, time.time(), of, rater))

    def answers(self, rater=None):
        """What stands: judgements that were not taken back, oldest first; of one rater or of all."""
        rows = self._rows(f"SELECT {COLUMNS} FROM judgements j WHERE retracts IS NULL AND (? IS NULL OR rater = ?) AND NOT EXISTS "
                          "(SELECT 1 FROM judgements r WHERE r.retracts = j.id) ORDER BY number", (rater, rater))
        lists = lambda text: None if text is None else tuple(json.loads(text))
        return [Answer(*r[:8], lists(r[8]), *r[9:11], lists(r[11]), *r[12:]) for r in rows]

    def count(self):
        """All rows that judging has added, retractions too."""
        return self._rows("SELECT count(*) FROM judgements")[0][0]

    def erase(self, rater):
        """Removes all that a rater gave, from rows, write-ahead log and free pages; returns how many rows. `rater`: the name or the pseudonym.

        Raises IoError where another program reads the store, so that its log cannot be emptied: close it and erase again.
        """
        ids = {self.pseudonym(rater), rater}
        with self._change() as run:
            gone = sum(run("DELETE FROM judgements WHERE rater = ?", (id,)).rowcount for id in ids)
        with self._lock:
            try:
                for command in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    found = self._connection.execute(command).fetchone()
                    if found and found[0]:
                        raise sqlite3.OperationalError("database is locked")
            except sqlite3.Error as error:
                raise schema.failed(self.path, error) from error
        return gone
