"""The loop around every trainer: metrics, evaluations, checkpoints, early stop, the best model."""

import json
import math
import os
import shutil
import time
import warnings as python_warnings

from .. import _core
from .folder import Folder
from .live import Live, in_notebook


class Run:
    """A task in a folder. `train()` starts it, or goes on from its last checkpoint to the bytes of the run that never stopped.

    callbacks: functions f(event, row), event "step", "warning", "evaluate", "save" or "end"; one that returns True asks for a stop.
    progress(step, total, row) is told of each step. should_stop() is asked between steps.
    """

    def __init__(self, folder, task, info, callbacks=(), progress=None, should_stop=None):
        self.folder = folder if isinstance(folder, Folder) else Folder(folder)
        self.task, self.info, self.config = task, info, task.run
        self._callbacks, self._progress, self._should_stop = [*callbacks, *([Live()] if in_notebook() else [])], progress, should_stop
        self._stop = self._resumed = False
        self._saved = -1  # the step of the last checkpoint
        self._history = {"best": None, "best_step": -1, "worse": 0, "evaluated": -1}  # of evaluations; part of each checkpoint
        self._began = time.monotonic()

    def resume(self):
        """Goes back to the last whole checkpoint; damaged ones are passed over with a warning. Raises IoError where none is whole."""
        for step in reversed(self.folder.steps()):
            try:
                self._history = json.loads(self.task.load(self.folder.checkpoint(step))["history"])
            except (_core.IoError, KeyError, ValueError) as error:
                python_warnings.warn(f"resume: the checkpoint of step {step} is passed over: {error}", stacklevel=2)
                continue
            self._saved, self._resumed = step, True
            self._stop = self._early()
            return self
        raise _core.IoError(f"resume: no whole checkpoint: got none in {self.folder / 'checkpoints'}, expected one.")

    def train(self):
        """Returns the last evaluation's numbers. What goes wrong leaves a checkpoint of the last whole step, from which resume() goes on."""
        self.folder.lock()
        try:
            self._begin()
            try:
                if self._due() and self._history["evaluated"] != self.task.step:  # the evaluation failed, or was killed
                    self._evaluate()
                    self._save(again=True)
                self.task.train(self._after_step, self._stopped, self._warn)
            except BaseException:
                self._save()  # a step that failed changed nothing
                raise
            return self._finish()
        finally:
            self.folder.unlock()

    def _begin(self):
        self._began = time.monotonic()
        if self._resumed:
            self.folder.cut(self.task.step, self._history["evaluated"])
            self.folder.prune(0, -1)
        else:
            self._save()
            self.folder.write_info(self.info)  # last: what has a run.json can be gone on with

    def _stopped(self):
        return self._stop or bool(self._should_stop and self._should_stop())

    def _line(self, row):
        self.folder.append("metrics.jsonl", {"step": self.task.step, **row, "seconds": round(time.monotonic() - self._began, 3)})

    def _warn(self, text):
        self._line({"warning": text})
        self._tell("warning", {"warning": text})
        python_warnings.warn(text, stacklevel=2)

    def _tell(self, event, row):
        for callback in self._callbacks:
            self._stop = bool(callback(event, {"step": self.task.step, **row})) or self._stop

    def _due(self):
        """Whether this step ends with an evaluation."""
        step, every = self.task.step, self.config.eval_steps
        return step == self.task.total or bool(step and every and step % every == 0)

    def _after_step(self, metrics):
        step, every = self.task.step, self.config.save_steps
        self._line(metrics)
        self._tell("step", metrics)
        if self._progress:
            self._progress(step, self.task.total, metrics)
        due = self._due()
        if due:
            self._evaluate()
        best = self.config.load_best_model_at_end and self._history["best_step"] == step
        if step == self.task.total or best or (step % every == 0 if every else due):
            self._save()

    def _evaluate(self):
        found, rows = self.task.evaluate(self.config.eval_samples)
        name, sign = self.task.better
        value, history = found[name], self._history
        history["evaluated"] = self.task.step
        if math.isfinite(value) and (history["best"] is None or sign * value > sign * history["best"]):
            history.update(best=value, best_step=self.task.step, worse=0)
        else:
            history["worse"] += 1
        self._line({"evaluation": True, **found})
        for row in rows:
            self.folder.append("samples.jsonl", {"step": self.task.step, **row})
        self._stop = self._early() or self._stop
        self._tell("evaluate", found)

    def _early(self):
        patience = self.config.early_stopping_patience
        return bool(patience) and self._history["worse"] >= patience

    def _save(self, again=False):
        step = self.task.step
        if self._saved == step and not again:
            return
        self.task.save(self.folder.checkpoint(step), {"history": json.dumps(self._history)})
        self._saved = step
        self.folder.prune(self.config.save_total_limit, self._history["best_step"] if self.config.load_best_model_at_end else -1)
        self._tell("save", {"checkpoint": self.folder.checkpoint(step)})

    def _finish(self):
        """model/, also of a run that was asked to stop, which can be gone on with."""
        self._save()
        last, best = self.task.step, self._history["best_step"]
        if self.config.load_best_model_at_end and best != last and best in self.folder.steps():
            self.task.load(self.folder.checkpoint(best))
        new = self.folder / "model.new"
        shutil.rmtree(new, ignore_errors=True)
        os.makedirs(new)
        self.task.export(new)
        shutil.rmtree(self.folder / "model", ignore_errors=True)
        os.rename(new, self.folder / "model")
        evaluations = [row for row in self.folder.lines("metrics.jsonl") if "evaluation" in row]
        found = {
            **(evaluations[-1] if evaluations else {}), "step": last, "best": self._history["best"], "best_step": best,
            "finished": last == self.task.total or self._early(),
        }
        self._tell("end", found)
        return found
