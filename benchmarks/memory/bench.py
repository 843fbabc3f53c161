"""Memory that training takes above what importing takes: building the model, then some steps, both from Python."""

from common.pairs import agree
from common.torch_settings import SETTINGS
from common.worker import Worker
from training_step.bench import OPTIMIZER, TOLERANCE

TARGETS = {"0.13M": 0.5, "0.96M": 0.4, "6.9M": 0.4, "124M": 0.75}
STEPS, RUNS = 4, 3  # steps a run; each run is a new process
TITLE = "Memory of training, above what importing takes"
COLUMNS = {}


def measure(module, shape, threads, settings=None, **options):
    with Worker(module, settings) as worker:
        return worker.call("measure", shape=shape.name, threads=threads, optimizer=OPTIMIZER, count=STEPS, **options)


def megabytes(n):
    return f"{n / 1e6:.4g} MB"


def rows(run):
    for shape in run.shapes:
        found = []
        for _ in range(1 if run.quick else RUNS):
            ours = measure("memory.ours", shape, run.threads)
            theirs = measure("memory.torch_step", shape, run.threads, SETTINGS["plain"], compiled=False)
            for i, (a, b) in enumerate(zip(ours["losses"], theirs["losses"])):
                agree(f"loss of step {i + 1}", a, b, TOLERANCE)
            found.append((ours["bytes"], theirs["bytes"]))
        ratios = sorted(a / b for a, b in found)
        (ours, theirs), least = sorted(found)[len(found) // 2], [min(side) for side in zip(*found)]
        # Weights, gradients and two moments must be there at once.
        yield {"row": shape.name, "beside": "torch eager", "ratio": ratios[len(ratios) // 2], "spread": [ratios[0], ratios[-1]],
               "minima_ratio": least[0] / least[1], "target": TARGETS[shape.name], "lower_is_better": True,
               "ours": megabytes(ours), "theirs": megabytes(theirs), "share_of_limit": 16 * shape.parameters / ours}
