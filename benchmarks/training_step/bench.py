"""One training step of GPT-2 shapes: next-token cross-entropy, clipping by global norm, AdamW; beside PyTorch eager and compiled, the faster."""

from common import torch_settings
from common.pairs import agree, compare
from common.torch_settings import SETTINGS
from common.worker import Worker

TARGETS = {"0.13M": 3.0, "0.96M": 2.0, "6.9M": 1.6, "124M": 1.15}
OPTIMIZER = {"learning_rate": 3e-4, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.1, "max_grad_norm": 1.0}
STEPS = 3
# Of loss and gradient norm, relative. AdamW's first steps have the length of the sign of each gradient, so that rounding of the tiny ones
# shows in all that follows.
FIRST_TOLERANCE, TOLERANCE = 1e-4, 2e-3
TITLE = "Training step"
COLUMNS = {}


def start_ours(shape, threads):
    worker = Worker("training_step.ours")
    worker.call("setup", shape=shape.name, threads=threads, optimizer=OPTIMIZER)
    return worker


def start_torch(shape, key):
    form, settings, threads = key
    worker = Worker("training_step.torch_step", SETTINGS[settings])
    worker.call("setup", shape=shape.name, threads=threads, optimizer=OPTIMIZER, compiled=form == "compile")
    return worker


def check(ours, theirs):
    """The difference of the first step's loss and gradient norm. The next steps' show the updates."""
    errors = [agree(f"{what} of step {i + 1}", a, b, TOLERANCE if i else FIRST_TOLERANCE)
              for i, (one, other) in enumerate(zip(ours, theirs)) for what, a, b in zip(("loss", "gradient norm"), one, other)]
    return max(errors[:2])


def rows(run):
    for shape in run.shapes:
        results = []

        def start(key):
            worker = start_torch(shape, key)
            results.append(worker.call("steps", count=STEPS))
            return worker

        best = torch_settings.find_best(start, ("eager", "compile"), run.threads, run.effort)
        with best.worker as theirs, start_ours(shape, run.threads) as ours:
            first = ours.call("steps", count=STEPS)
            error = max(check(first, other) for other in results)
            row = compare(ours, theirs, run.effort)
        yield {"row": shape.name, "beside": f"torch {torch_settings.label(best.key)}", **row, "target": TARGETS[shape.name],
               "share_of_limit": shape.step_seconds(run.limits, run.threads) / row["ours_seconds"], "difference": error}
