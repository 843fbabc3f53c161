"""Who judges in the demo: a function in a file, its mistakes."""

import os
import random

import tutelage

from .. import ConfigError
from .._outside import load_function

SHIPPED = "simulated"
WISHES = ("identity", "sentence", "short")  # the rules that are shipped, in examples/judges/


def shipped(wish):
    return os.path.join(os.path.dirname(os.path.dirname(__file__)), "judges", wish + ".py") + ":accept"


class Judge:
    """accept(question, answer) from a file, with the optional CORRECTION, ERROR_RATE, WISH and LEAK of that file."""

    annotator = "simulated"  # who made the last judgement

    def __init__(self, spec, error_rate, seed, wish="identity"):
        if spec == SHIPPED:
            spec = shipped(wish)
        self._accept, _, module = load_function(spec, "--judge", "FILE.py:function", "accept(question, answer)")
        self.source = module.__file__
        self.correction = getattr(module, "CORRECTION", None)
        self.wish = getattr(module, "WISH", "what its file says")
        self.leaks = getattr(module, "LEAK", None)
        self.error_rate = getattr(module, "ERROR_RATE", 0.0) if error_rate is None else error_rate
        if not isinstance(self.error_rate, (int, float)) or not 0 <= self.error_rate <= 1:
            raise ConfigError(f"--judge: {self.source}: ERROR_RATE is no share: got {self.error_rate!r}, expected a number from 0 to 1.")
        self._coin = random.Random(seed)

    def accepts(self, question, answer):
        """The judge's true opinion; used to measure."""
        try:
            return bool(self._accept(question, answer))
        except Exception as error:
            raise tutelage.ValueError(
                f"--judge: {self.source} failed on question {question!r}, answer {answer!r}: got {type(error).__name__}: {error}, expected True or False."
            ) from error

    def says(self, question, answer):
        """What is said, wrong at the stated rate: (accepted, the better answer or ""). A mistake, and a judge no better than a coin, has no better answer."""
        opinion = self.accepts(question, answer)
        mistaken = self._coin.random() < self.error_rate
        better = self.correction if not opinion and not mistaken and self.error_rate < 0.5 else None
        return opinion != mistaken, better or ""
