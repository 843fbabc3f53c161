"""A run's curves in a notebook, drawn anew as it trains."""

import sys
import time

from .pictures import plot

SHOWN = ("eval_reward", "reward", "kl", "eval_loss", "loss", "eval_accuracy", "rewards/accuracies", "response_length")
LEAST = 0.5  # seconds between two drawings


def in_notebook():
    """Whether a notebook's kernel runs this."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return bool(shell) and hasattr(shell, "kernel")


class Live:
    """A callback of runs: the newest numbers and the curves below the cell. Runs in a notebook have one by themselves."""

    def __init__(self):
        self.curves, self.handle, self.drawn, self.row = {}, None, 0.0, {}

    def _repr_html_(self):
        names = [n for n in SHOWN if len(self.curves.get(n, ())) > 1][:4]
        numbers = "  ".join(f"{n} {self.row[n]:.4g}" for n in SHOWN if isinstance(self.row.get(n), (int, float)))
        style = "<style>.tutelage-live{display:flex;flex-wrap:wrap;gap:1rem}.tutelage-live text{font:11px sans-serif;fill:currentColor}.tutelage-live figure{margin:0}</style>"
        return f'{style}<div>step {self.row.get("step", 0)}: {numbers}</div><div class="tutelage-live">' + "".join(plot(n, {0: self.curves[n]}) for n in names) + "</div>"

    def __call__(self, event, row):
        if event not in ("step", "evaluate", "end"):
            return
        self.row = {**self.row, **row}
        for name in SHOWN if event != "end" else ():
            if isinstance(row.get(name), (int, float)):
                self.curves.setdefault(name, []).append((row["step"], row[name]))
        now = time.monotonic()
        if event == "step" and now - self.drawn < LEAST:
            return
        self.drawn = now
        from IPython.display import display

        if self.handle is None:
            self.handle = display(self, display_id=True)
        else:
            self.handle.update(self)
