"""`tutelage rate --train`: the model learns while a person judges, and asks where its reward models disagree."""

import itertools
import threading
import time

import numpy as np

from .. import io, prefs, train
from .._core import Error, StateError, ValueError
from ..store import Item
from ..store.exchange import to_judgements

LEARNT = {"a", "b", "tie", "both_bad", "right", "wrong", "correction", "ranking"}
SHOWN, NEWEST, TRIES = 8, 20, 8
WARMER, HOTTEST = 0.1, 1.5  # of the temperature, where a round of samples gives no new answers


class Lessons:
    """Poses pairs of a model's answers, waits for `every` judgements, learns from all that stand, and poses the next.

    Every lesson starts from the model as it was loaded, in a new `make_teacher()`, a `train.Teacher`, so that an answer that was taken back is
    forgotten. Pairs that are left over stay up while it learns. `out`: a folder to which the model is saved after each lesson.
    """

    def __init__(self, desk, make_teacher, prompts, *, every=10, samples=6, out=None):
        self.desk, self.make_teacher, self.prompts, self.every, self.samples, self.out = desk, make_teacher, list(prompts), every, samples, out
        self.teacher, self.temperature = make_teacher(), train.TeachConfig().temperature
        self.drawn, self.lessons, self.foretold, self.stopped = 0, 0, [], False
        self.examples = [(p, self.teacher.answer(p)) for p in self.prompts[:SHOWN]]
        self.status(every=every, examples=[[p, a, a] for p, a in self.examples], running=True)
        self._thread = threading.Thread(target=self._run, name="tutelage lessons", daemon=True)

    def start(self):
        if not self.pose():
            raise StateError("Lessons: there is nothing to ask: got the same answer to every question each time, expected two different ones. Give other --prompts.")
        self._thread.start()
        return self

    def stop(self):
        self.stopped = True
        self.desk.close()
        self._thread.join()

    def status(self, **news):
        with self.desk.changed:
            self.desk.status = {**self.desk.status, **news}
            self.desk.changed.notify_all()

    def standing(self):
        return [a for a in self.desk.standing() if a.kind in LEARNT]

    def pairs(self, wanted):
        """Pairs that were never asked, with how much they are worth asking, in bits: (prompt, answer, answer, score).

        Samples until there are enough, within reason; a model that says the same again and again is sampled hotter and hotter, so that there is a choice.
        """
        found, known = {p: {} for p in self.prompts}, {(i.prompt, frozenset(i.answers)) for i in self.desk.store.items()}
        for drawn in range(self.samples * TRIES):
            hotter = min(HOTTEST, 1 + WARMER * (drawn // self.samples))
            for p, a in zip(self.prompts, self.teacher.sample(self.prompts, self.drawn, hotter * self.temperature)):
                if a.strip():
                    found[p][a] = None
            self.drawn += 1
            rows = [(p, *two) for p, answers in found.items() for two in itertools.combinations(answers, 2) if (p, frozenset(two)) not in known]
            if self.drawn % self.samples == 0 and len(rows) >= 3 * wanted:
                break
        if not rows or not self.teacher.has_reward:
            return [(*r, None) for r in rows]
        flat = [(p, x) for p, a, b in rows for x in (a, b)]
        members = np.array(self.teacher.member_scores([p for p, _ in flat], [x for _, x in flat]))
        scores = prefs.acquisition("mutual_information", member_rewards=members.reshape(len(members), len(rows), 2))
        return [(*r, float(s)) for r, s in zip(rows, scores)]

    def pose(self):
        """Puts up the next questions: a prompt again only after all others, those first that the reward models disagree on most. Returns them."""
        wanted = self.every + max(4, self.every // 2)
        rows, chosen = sorted(self.pairs(wanted), key=lambda r: -(r[3] or 0)), []
        while rows and len(chosen) < wanted:
            best = {}
            for row in rows:
                best.setdefault(row[0], row)
            chosen += best.values()
            taken = set(best.values())
            rows = [r for r in rows if r not in taken]
        source = f"lesson {self.lessons}"
        items = [Item.of(p, (a, b), sources=(source, source), purpose="random" if s is None else "mutual_information", score=s) for p, a, b, s in chosen[:wanted]]
        self.desk.ask_instead(items)
        unsure = sorted(((i.prompt, i.score) for i in items if i.score is not None), key=lambda r: -r[1])[:5]
        self.status(ready=bool(items), unsure=unsure)
        return items

    def foretell(self, answers):
        """Whether the reward models, which have not seen them, order these judged pairs as the person did."""
        items = {i.id: i for i in self.desk.store.items()}
        rows = [(items[a.item].prompt, items[a.item].answers, a.kind) for a in answers if a.kind in ("a", "b")]
        if not rows or not self.teacher.has_reward:
            return
        first, second = (self.teacher.score([p for p, _, _ in rows], [x[k] for _, x, _ in rows]) for k in (0, 1))
        self.foretold += [(x > y) == (kind == "a") for x, y, (_, _, kind) in zip(first, second, rows)]
        newest = self.foretold[-NEWEST:]
        self.status(accuracy=[sum(newest), len(newest)])

    def learn(self):
        """One lesson from all judgements that stand. Returns the teacher's report."""
        start, answers = time.monotonic(), self.standing()
        teacher, too_long = self.make_teacher(), 0
        for j in to_judgements(answers, {i.id: i for i in self.desk.store.items()}):
            try:
                teacher.judge(j)
            except ValueError as error:  # longer than the model can hold: kept in the store, not learnt from
                if "too long" not in str(error):
                    raise
                too_long += 1
        report = teacher.update(progress=lambda p: self.status(stage=p.stage, done=p.done, total=p.total), should_stop=lambda: self.stopped)
        self.teacher, self.lessons = teacher, self.lessons + 1
        if self.out:
            io.save_model(self.out, teacher.model())
        self.status(stage=None, lessons=self.lessons, seconds=time.monotonic() - start, learnt_from=len(answers) - too_long,
                    alarms=[alarm.message for alarm in report.alarms], error=f"{too_long} answers are too long for this model and were left out." if too_long else None,
                    examples=[[p, before, teacher.answer(p)] for p, before in self.examples])
        return report

    def _run(self):
        seen = {a.id for a in self.standing()}
        fresh = lambda: [a for a in self.standing() if a.id not in seen]
        try:
            while not self.stopped:
                if not self.desk.wait(lambda: len(fresh()) >= self.every or self.desk.exhausted(), should_stop=lambda: self.stopped):
                    break
                new = fresh()
                seen |= {a.id for a in new}
                self.foretell(new)
                if new:
                    self.learn()
                if not self.stopped and not self.pose():
                    self.status(error="It finds nothing new to ask.")
                    break
        except Error as error:
            self.status(stage=None, error=f"The lesson failed: {error}")
        finally:
            self.status(running=False)
