"""What every front end talks to: it hands out questions, takes answers to the store, and knows how far along we are."""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Optional

from .._core import ValueError
from ..store import Answer

LEASE = 120.0  # seconds for which a question that was handed out is kept for who has it
LAST = 30      # answers that a page knows at a time; it asks for older ones as it takes these back


@dataclass
class Settings:
    """How a question is put; the same in all front ends."""

    question: str = "Which answer is better?"
    guidelines: str = ""
    strength: bool = False         # ask how much better, from 1 to 7
    per_item: int = 1              # judgements a question, by different raters
    asked_for: Optional[int] = None  # judgements in all; default: per_item for each question
    repeat_share: float = 0.0      # share of pairs that one rater is asked again, sides swapped
    seed: int = 0                  # of the sides


class Desk:
    """Questions out, answers in. Thread-safe. `rater` is a pseudonym, `session` one page or terminal; a view is what a rater may see of an item.

    Sides are swapped by a coin that depends on seed, item and rater alone, so that a view can be made again at any time. Answers come as they were
    seen ("a" is what stood first) and are stored as the item has them.
    """

    def __init__(self, store, settings=None):
        self.store = store
        self.settings = settings or Settings()
        self.status = {}  # of a training run, for the page
        self.changed = threading.Condition(threading.RLock())
        self.closed = False
        self._items, self._leases, self._judged, self._live = {}, {}, {}, {}
        self._open, self._asked = {}, set()  # asked now, in order; asked at any time of this desk
        self._began, self._answered = time.monotonic(), 0
        self.load()

    def load(self):
        """Reads the store again."""
        with self.changed:
            self._items = {i.id: i for i in self.store.items()}
            self._live = {a.id: a for a in self.store.answers()}
            self._judged = {}
            for a in self._live.values():
                self._judged.setdefault(a.item, {})[(a.rater, a.turn)] = a.id
            self.changed.notify_all()

    def add(self, items):
        """Asks these questions from now on; returns their ids. What else the store holds is not asked."""
        with self.changed:
            items = list(items)
            self.store.add(items)
            for i in items:
                self._items.setdefault(i.id, i)
                self._open[i.id] = None
                self._asked.add(i.id)
            self.changed.notify_all()
            return [i.id for i in items]

    def ask_instead(self, items):
        """Asks these, and none of those before any more; an answer to one of them that comes all the same is kept."""
        with self.changed:
            self._open.clear()
            self.add(items)

    def exhausted(self):
        """Whether all that is asked now has its judgements."""
        with self.changed:
            return all(sum(t == 0 for _, t in self._judged.get(id, ())) >= self.settings.per_item for id in self._open)

    def rater(self, secret):
        """The pseudonym of who has this name, or this secret of a browser."""
        return self.store.pseudonym(secret)

    def shown(self, item, rater, turn=0):
        """The order in which this rater sees the answers: a fair coin for two, a shuffle for more; swapped in the second turn."""
        n = len(item.answers)
        key = lambda k: hashlib.sha256(f"{self.settings.seed}:{item.id}:{rater}:{k}".encode()).digest()
        order = sorted(range(n), key=key)
        return tuple(reversed(order)) if turn else tuple(order)

    def view(self, item, rater, turn=0):
        """What the page may know before the answer: no source, no purpose, no score."""
        return {"item": item.id, "turn": turn, "task": item.task, "prompt": item.prompt, "answers": [a if isinstance(a := item.answers[k], str) else a.view() for k in self.shown(item, rater, turn)]}

    def _again(self, item, rater):
        """Whether this rater is asked this pair twice."""
        draw = int.from_bytes(hashlib.sha256(f"again:{self.settings.seed}:{item.id}:{rater}".encode()).digest()[:4], "big") / 2**32
        return item.task == "compare" and draw < self.settings.repeat_share

    def next(self, rater, session, count=1, holding=()):
        """Up to `count` views for this session, each kept for it for two minutes. `holding`: (item, turn) that the session has already, to be kept."""
        now, out = time.monotonic(), []
        with self.changed:
            for item, turn in holding:
                if self._leases.get((item, turn, session), 0) > now:
                    self._leases[item, turn, session] = now + LEASE
            self._leases = {k: until for k, until in self._leases.items() if until > now}
            taken = {}
            for (item, turn, who) in self._leases:
                if turn == 0:  # a pair that comes again asks for no other rater's judgement
                    taken.setdefault(item, set()).add(who)
            held = {(item, turn) for item, turn in holding}
            for turn in (0, 1):
                for item in map(self._items.get, self._open):
                    if len(out) >= count:
                        return out
                    if (item.id, turn) in held:
                        continue
                    done = self._judged.get(item.id, {})
                    if turn == 0:
                        others = taken.get(item.id, set()) - {session}
                        if (rater, 0) in done or sum(t == 0 for _, t in done) + len(others) >= self.settings.per_item:
                            continue
                    elif (rater, 0) not in done or (rater, 1) in done or not self._again(item, rater):
                        continue
                    self._leases[item.id, turn, session] = now + LEASE
                    out.append(self.view(item, rater, turn))
        return out

    def release(self, session):
        """Gives back what a session holds, for others to judge."""
        with self.changed:
            self._leases = {k: until for k, until in self._leases.items() if k[2] != session}

    def answer(self, rater, session, message):
        """Stores one message of a front end and returns {"id": ...}: a judgement, or {"id", "retracts"}. On disk when it returns.

        Raises ValueError for what is no answer, IoError where the store cannot take it (then nothing has changed).
        """
        with self.changed:
            id = text(message, "id", 8, 64)
            if "retracts" in message:
                of = text(message, "retracts", 8, 64)
                self.store.retract(id, of, rater, session)
                gone = self._live.pop(of, None)
                if gone:
                    self._judged.get(gone.item, {}).pop((rater, gone.turn), None)
                    self._leases[gone.item, gone.turn, session] = time.monotonic() + LEASE
            else:
                item = self._items.get(text(message, "item", 1, 64))
                if item is None:
                    raise ValueError(f"Desk.answer: unknown item: got {message.get('item')!r}, expected one that was asked.")
                answer = self._read(message, item, rater, session, id)
                if self.store.judge(answer, item):
                    older = self._judged.setdefault(item.id, {}).get((rater, answer.turn))
                    self._live.pop(older, None)
                    self._judged[item.id][rater, answer.turn] = id
                    self._live[id] = answer
                    self._answered += 1
                self._leases.pop((item.id, answer.turn, session), None)
            self.changed.notify_all()
        return {"id": id}

    def _read(self, message, item, rater, session, id):
        """The judgement in the item's own order."""
        turn = message.get("turn", 0)
        if turn not in (0, 1) or isinstance(turn, bool):
            raise ValueError(f"Desk.answer: turn is out of range: got {turn!r}, expected 0 or 1.")
        shown, kind, strength = self.shown(item, rater, turn), message.get("kind"), message.get("strength")
        place, ranking = message.get("answer"), message.get("ranking")
        if shown[0] != 0 and item.task == "compare":
            kind = {"a": "b", "b": "a"}.get(kind, kind) if isinstance(kind, str) else kind
            strength = -strength if isinstance(strength, int) else strength
        if place is not None:
            place = shown[place] if isinstance(place, int) and 0 <= place < len(shown) else -1
        if ranking is not None:
            if not isinstance(ranking, list) or len(ranking) != len(shown) or not all(isinstance(r, int) for r in ranking):
                raise ValueError(f"Desk.answer: ranking does not fit: got {ranking!r}, expected one rank an answer.")
            ranking = tuple(rank for _, rank in sorted(zip(shown, ranking)))
        optional = {k: message[k] if isinstance(message[k], str) else "" for k in ("correction", "note") if message.get(k)}
        seconds = message.get("seconds", 0)
        return Answer(id, item.id, rater, session, turn, kind if isinstance(kind, str) else "", place, strength, ranking,
                      optional.get("correction"), optional.get("note"), shown, seconds if isinstance(seconds, (int, float)) else -1.0)

    def history(self, rater, count=LAST):
        """The rater's last standing answers, newest first, each with its view and as it was seen."""
        with self.changed:
            mine = [a for a in self._live.values() if a.rater == rater and a.item in self._asked][-count:][::-1]
            return [{"id": a.id, "view": self.view(self._items[a.item], rater, a.turn), **self.seen(a)} for a in mine]

    def seen(self, a):
        """An answer turned back to what the rater saw."""
        swapped = a.shown and a.shown[0] != 0 and self._items[a.item].task == "compare"
        return {"kind": {"a": "b", "b": "a"}.get(a.kind, a.kind) if swapped else a.kind,
                "strength": -a.strength if swapped and a.strength is not None else a.strength,
                "answer": None if a.answer is None else a.shown.index(a.answer),
                "ranking": None if a.ranking is None else [a.ranking[k] for k in a.shown], "correction": a.correction, "note": a.note}

    def standing(self, ids=None):
        """Judgements that stand, oldest first; of these items, or all."""
        with self.changed:
            return [a for a in self._live.values() if ids is None or a.item in ids]

    def progress(self, rater=None):
        """Answered and asked for, and the rate since the start, in answers a minute."""
        with self.changed:
            minutes = max(time.monotonic() - self._began, 1.0) / 60
            answered = [a for a in self._live.values() if a.item in self._asked]
            wanted = self.settings.asked_for or self.settings.per_item * len(self._open.keys() | {a.item for a in answered})
            return {"answered": len(answered), "mine": sum(a.rater == rater for a in answered), "asked_for": wanted,
                    "per_minute": self._answered / minutes, **({"training": self.status} if self.status else {}), "closed": self.closed}

    def wait(self, ready, timeout=None, should_stop=None):
        """Waits until ready() is true; False after `timeout` seconds, or where should_stop() asks for it."""
        end = None if timeout is None else time.monotonic() + timeout
        with self.changed:
            while not ready():
                if self.closed or (should_stop and should_stop()) or (end is not None and time.monotonic() >= end):
                    return False
                self.changed.wait(0.2)
            return True

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()


def text(message, key, least, most):
    value = message.get(key) if isinstance(message, dict) else None
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise ValueError(f"Desk.answer: {key} is missing or no text: got {value!r:.80}, expected {least} to {most} characters.")
    return value


def new_id():
    return secrets.token_hex(16)
