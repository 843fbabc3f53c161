"""A run's folder: run.json, metrics.jsonl, samples.jsonl, checkpoints/step-N, model/."""

import fcntl
import hashlib
import json
import math
import os
import platform
import re
import shutil
import time

from .. import _core
from .._outside import cpu_name, write_whole

FORMAT = 1
STEP = re.compile(r"step-(\d{9,})$")


def digest(value):
    """SHA-256 of plain data, by its JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def model_digest(transformer):
    """SHA-256 of a model's weights, and of its adapter's."""
    total = hashlib.sha256()
    for part in (transformer.without_adapter(), transformer) if transformer.lora else (transformer,):
        for name, tensor in part.parameters().items():
            total.update(name.encode())
            total.update(memoryview(tensor.numpy()).cast("B"))
    return total.hexdigest()


def finite(value):
    """JSON knows neither NaN nor infinity: they become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    return [finite(v) for v in value] if isinstance(value, (list, tuple)) else value


class Folder:
    """Where a run keeps what it did. One process writes into it at a time; anybody may read."""

    def __init__(self, path):
        self.path = os.fspath(path)
        self._lock = None

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def exists(self):
        return os.path.exists(self / "run.json")

    def lock(self):
        """Raises StateError where another process trains here."""
        os.makedirs(self.path, exist_ok=True)
        self._lock = open(self / ".lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise _core.StateError(f"Run: another process trains in this folder: got {self.path}, expected a folder of its own.") from None

    def unlock(self):
        self._lock.close()

    def info(self):
        """What run.json says. Raises IoError."""
        try:
            with open(self / "run.json", encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError) as error:
            raise _core.IoError(f"Run: no run here: got {self.path} ({error}), expected a folder with run.json.") from error
        if found.get("format") != FORMAT:
            raise _core.IoError(f"Run: {self.path} has another format: got {found.get('format')}, expected {FORMAT}.")
        return found

    def write_info(self, info):
        """run.json, whole or not at all."""
        os.makedirs(self.path, exist_ok=True)
        info = {
            "format": FORMAT, **info, "tutelage": _core.__version__, "python": platform.python_version(), "cpu": cpu_name(), "isa": _core.isa(),
            "threads": _core.num_threads(), "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        write_whole(self / "run.json", json.dumps(finite(info), indent=1, default=str))

    def append(self, name, row):
        """One line of JSON."""
        with open(self / name, "a", encoding="utf-8") as file:
            file.write(json.dumps(finite(row), allow_nan=False) + "\n")

    def lines(self, name):
        """The rows of a file of JSON lines; a torn last line is left out. Raises IoError naming a line that is broken."""
        if not os.path.exists(self / name):
            return []
        rows = []
        with open(self / name, "rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    if line.endswith(b"\n"):
                        rows.append(json.loads(line))
                except ValueError as error:  # no JSON, or no UTF-8
                    raise _core.IoError(f"Run: {self / name}, line {number} is damaged: got {error}, expected one object a line.") from error
        return rows

    def cut(self, step, evaluated):
        """Leaves out what came after a step, and after the last evaluation that counts: a run that goes on from there writes it again."""
        for name in ("metrics.jsonl", "samples.jsonl"):
            if os.path.exists(self / name):
                of_evaluation = (lambda row: True) if name == "samples.jsonl" else (lambda row: "evaluation" in row)
                kept = [row for row in self.lines(name) if row["step"] <= (evaluated if of_evaluation(row) else step)]
                write_whole(self / name, "".join(json.dumps(row, allow_nan=False) + "\n" for row in kept))

    def checkpoint(self, step):
        return os.path.join(self.path, "checkpoints", f"step-{step:09d}")

    def steps(self):
        """Of the checkpoints that are there, rising."""
        folder = self / "checkpoints"
        return sorted(int(m[1]) for m in map(STEP.match, os.listdir(folder) if os.path.isdir(folder) else []) if m)

    def prune(self, keep, best):
        """Removes all but the last `keep` checkpoints (0: none) and that of step `best`; and what killed saves left."""
        folder = self / "checkpoints"
        if not os.path.isdir(folder):
            return
        for name in os.listdir(folder):
            if name.endswith(".tmp"):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        for step in self.steps()[:-keep] if keep else []:
            if step != best:
                doomed = os.path.join(folder, f".step-{step:09d}.tmp")
                os.rename(self.checkpoint(step), doomed)  # a kill half-way leaves no half checkpoint under its name
                shutil.rmtree(doomed, ignore_errors=True)
