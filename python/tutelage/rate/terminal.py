"""Judging in a terminal: the page's keys, the same desk. Nothing that a model wrote reaches the terminal but printable characters."""

import os
import shutil
import sys
import textwrap
import time

from ..cli.screen import visible
from .desk import new_id

ARROWS = {"\x1b[D": "a", "\x1b[C": "b", "\x1bOD": "a", "\x1bOC": "b"}
KINDS = {"compare": {"a": "a", "b": "b", "t": "tie", "x": "both_bad"}, "verdict": {"y": "right", "x": "wrong"}, "rank": {}}
ALWAYS = {"c": "cannot_judge", "s": "skip"}
SAID = {"a": "A is better", "b": "B is better", "tie": "as good", "both_bad": "both bad", "cannot_judge": "cannot judge", "skip": "skipped", "right": "right", "wrong": "not right",
        "correction": "in your words", "ranking": "ranked"}
HELP = {"compare": "a ←  A better   t  as good   b →  B better   x  both bad", "verdict": "y  right   x  not right", "rank": "type the numbers, best first, = between equals (3=1 2), then Enter"}
REPLAY = "[a replay: tutelage rate --web shows it]"
MORE = "c  cannot judge   s  skip   e  write a better one   n  note   u  undo   h  last answers   q  leave"


class Keys:
    """One key at a time from a terminal; from anything else, a line. close() gives the terminal back as it was."""

    def __init__(self, file=None):
        self.file = file or sys.stdin
        self.single = self.file.isatty()
        self._before, self._waiting = None, ""

    def _mode(self, single):
        """Keys at once, or lines with their echo. What was typed ahead is kept."""
        import termios
        import tty

        if single and self._before is None:
            self._before = termios.tcgetattr(self.file.fileno())
            tty.setcbreak(self.file.fileno(), termios.TCSADRAIN)
        elif not single and self._before is not None:
            termios.tcsetattr(self.file.fileno(), termios.TCSADRAIN, self._before)
            self._before = None

    def close(self):
        if self.single:
            self._mode(False)

    def read(self):
        """The key, or the line; raises EOFError at the end."""
        if not self.single:
            line = self.file.readline()
            if not line:
                raise EOFError
            return line.strip()
        self._mode(True)
        if not self._waiting:
            self._waiting = os.read(self.file.fileno(), 1024).decode("utf-8", "replace")
        if not self._waiting or self._waiting[0] == "\x04":
            raise EOFError
        length = 3 if self._waiting[:3] in ARROWS else 1
        key, self._waiting = self._waiting[:length], self._waiting[length:]
        return key

    def line(self, label, start=""):
        """A line of text; on a terminal it can be edited, from `start`."""
        if not self.single:
            print(label, end="", flush=True)
            return self.file.readline().rstrip("\n")
        import readline

        self._mode(False)
        readline.set_startup_hook(lambda: readline.insert_text(start + self._waiting))
        try:
            return input(label)
        except EOFError:
            print()
            return ""
        finally:
            self._waiting = ""
            readline.set_startup_hook(None)


def shown(text, width, indent="  "):
    """Lines of a text as it may be printed; line ends are kept, everything else that moves a cursor is an escape."""
    out = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = visible(line.expandtabs(4))
        out += textwrap.wrap(line, max(20, width - len(indent)), drop_whitespace=False, replace_whitespace=False) or [""]
    return "\n".join(indent + line for line in out)


class Terminal:
    """One rater's session; run() ends when all is judged and nobody learns, or at q or the end of the input."""

    def __init__(self, desk, rater, keys=None):
        self.desk, self.rater, self.keys = desk, rater, keys or Keys()
        self.session, self.note, self.lessons = new_id(), None, 0

    def run(self):
        try:
            self._run()
        finally:
            self.keys.close()

    def _run(self):
        settings = self.desk.settings
        if settings.guidelines:
            print(shown(settings.guidelines, self.width(), "") + "\n")
        view, told = None, False
        while not self.desk.closed:
            self.news()
            view = view or next(iter(self.desk.next(self.rater, self.session)), None)
            if view is None:
                if not self.desk.status.get("running"):
                    break
                if not told:
                    print("  The model is learning from your answers ...", flush=True)
                told = True
                self.desk.wait(lambda: self.desk.status.get("ready") or not self.desk.status.get("running"), 0.5)
                continue
            told = False
            view = self.one(view)
            if view is False:
                break
        p = self.desk.progress(self.rater)
        print(f"{p['answered']} of {p['asked_for']} answered. Kept in {visible(self.desk.store.path)}.")

    def news(self):
        """What the last lesson came to, once."""
        status = self.desk.status
        if status.get("lessons", 0) == self.lessons:
            return
        self.lessons = status["lessons"]
        print(f"  Lesson {self.lessons} learnt in {status['seconds']:.0f} s from {status['learnt_from']} answers.")
        for said in [*(f"Look at what it says now: {alarm}." for alarm in status.get("alarms", ())), *filter(None, [status.get("error")])]:
            print(shown(said, self.width()))
        sys.stdout.flush()

    def width(self):
        return min(100, shutil.get_terminal_size((80, 24)).columns)

    def show(self, view):
        p, width, task = self.desk.progress(self.rater), self.width(), view["task"]
        accuracy = self.desk.status.get("accuracy") or (0, 0)
        told = f"   reward model right on {accuracy[0]} of the last {accuracy[1]}" if accuracy[1] else ""
        print(f"\n{'─' * width}\n{min(p['answered'], p['asked_for'])} of {p['asked_for']}{told}\n\n{shown(view['prompt'], width, '')}\n")
        for k, answer in enumerate(view["answers"]):
            label = "AB"[k] if task == "compare" else "Answer" if task == "verdict" else str(k + 1)
            print(f"{label}\n{shown(answer if isinstance(answer, str) else REPLAY, width)}\n")
        question = self.desk.settings.question
        print(shown(question if task == "compare" or question != "Which answer is better?" else "Is it right?" if task == "verdict" else "Which order?", width, ""))
        print("  " + ("1 … 7  A much better … as good … B much better   x  both bad" if self.desk.settings.strength and task == "compare" else HELP[task]) + "\n  " + MORE, flush=True)

    def one(self, view):
        """Shows one question until it is answered. Returns the view to show next, None for a new one, False to leave."""
        self.show(view)
        start = time.monotonic()
        while True:
            if view["task"] == "rank" and self.keys.single:
                key = self.keys.line("> ").strip().lower()
            else:
                try:
                    key = self.keys.read()
                except EOFError:
                    return False
            key = ARROWS.get(key, key.lower())
            if key == "q":
                return False
            if key == "u":
                last = self.undo()
                if last:
                    return last
                continue
            if key == "n":
                self.note = self.keys.line("  Note to this answer: ") or None
                continue
            if key == "h":
                self.history()
                continue
            extra = self.read(view, key)
            if extra is None:
                print("  " + HELP[view["task"]] + "\n  " + MORE, flush=True)
                continue
            if not extra:
                continue
            message = {"id": new_id(), "item": view["item"], "turn": view["turn"], "seconds": time.monotonic() - start, **extra}
            if self.note:
                message["note"], self.note = self.note, None
            self.desk.answer(self.rater, self.session, message)
            print(f"  {SAID[message['kind']]}. Saved.", flush=True)
            return None

    def read(self, view, key):
        """What a key says; None for an unknown one, {} where nothing came of it."""
        task = view["task"]
        if key in ALWAYS:
            return {"kind": ALWAYS[key]}
        if key == "e":
            return self.words(view) if isinstance(view["answers"][0], str) else {}
        if task == "rank":
            return self.ranking(view, key)
        if task == "compare" and self.desk.settings.strength:
            strength = {"a": -2, "t": 0, "b": 2}.get(key, int(key) - 4 if key in list("1234567") else None)
            if strength is not None:
                return {"kind": "a" if strength < 0 else "b" if strength > 0 else "tie", "strength": strength}
        kind = KINDS[task].get(key)
        return kind and {"kind": kind, **({"answer": 0} if task == "verdict" else {})}

    def words(self, view):
        place = 0
        if len(view["answers"]) > 1:
            names = "AB" if view["task"] == "compare" else "123456789"[: len(view["answers"])]
            print(f"  Start from which one? {' or '.join(names)}", flush=True)
            place = names.find(self.keys.read().upper())
            if place < 0:
                return {}
        old = visible(view["answers"][place])
        said = self.keys.line("  Better: ", old)
        return {"kind": "correction", "answer": place, "correction": said} if said.strip() and said != old else {}

    @staticmethod
    def ranking(view, line):
        """Ranks out of "3=1 2 4"; None where it is no order of all answers."""
        tokens = line.replace("=", " = ").split() if " " in line else list(line)
        ranks, rank, tied = [0] * len(view["answers"]), 0, False
        for token in tokens:
            if token == "=":
                tied = True
                continue
            if not token.isdigit() or not 1 <= int(token) <= len(ranks) or ranks[int(token) - 1]:
                return None
            rank += not (tied and rank)
            ranks[int(token) - 1], tied = rank, False
        return {"kind": "ranking", "ranking": ranks} if all(ranks) else None

    def undo(self):
        last = next(iter(self.desk.history(self.rater, 1)), None)
        if last is None:
            print("  There is nothing to undo.", flush=True)
            return None
        self.desk.answer(self.rater, self.session, {"id": new_id(), "retracts": last["id"]})
        print(f"  Taken back: {SAID[last['kind']]}.", flush=True)
        return last["view"]

    def history(self):
        for h in self.desk.history(self.rater, 10):
            print(f"  {SAID[h['kind']]:14} {shown(h['view']['prompt'], self.width() - 18, '').splitlines()[0]}")
        sys.stdout.flush()
