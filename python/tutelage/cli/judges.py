"""Who judges in the demo: a function in a file, its mistakes, and intervals around what it accepts."""

import importlib.util
import math
import os
import random

from .. import ConfigError, IoError

SHIPPED = "simulated"


class Judge:
    """accept(question, answer) from a file, with the optional CORRECTION, ERROR_RATE, WISH and LEAK of that file."""

    def __init__(self, spec, error_rate, seed):
        if spec == SHIPPED:
            spec = os.path.join(os.path.dirname(os.path.dirname(__file__)), "judges", "identity.py") + ":accept"
        path, _, name = spec.rpartition(":")
        if not path or not os.path.exists(path):
            raise IoError(f"--judge: no such file: got {spec}, expected FILE.py:function.")
        module_spec = importlib.util.spec_from_file_location("judge", path)
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
        if not callable(getattr(module, name, None)):
            raise ConfigError(f"--judge: {path} has no such function: got {name}, expected one like accept(question, answer).")
        self._accept, self.source = getattr(module, name), path
        self.correction = getattr(module, "CORRECTION", None)
        self.wish = getattr(module, "WISH", "what its file says")
        self.leaks = getattr(module, "LEAK", None)
        self.error_rate = getattr(module, "ERROR_RATE", 0.0) if error_rate is None else error_rate
        self._coin = random.Random(seed)

    def accepts(self, question, answer):
        """The judge's true opinion; used to measure."""
        return bool(self._accept(question, answer))

    def says(self, question, answer):
        """What is said: wrong at the stated rate; used to teach."""
        opinion = self.accepts(question, answer)
        return not opinion if self._coin.random() < self.error_rate else opinion


def wilson(accepted, total, z=1.959964):
    """95 % interval of a share (Wilson 1927)."""
    if total == 0:
        return 0.0, 1.0
    share, scale = accepted / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / scale
    return middle - half, middle + half
