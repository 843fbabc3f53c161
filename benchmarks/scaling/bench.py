"""tutelage with one thread beside tutelage with more, by the wall and by CPU time."""

from common.pairs import agree, compare
from training_step.bench import STEPS, start_ours

TARGET, SHAPES = 1.8, ("6.9M", "124M")
TITLE = "Scaling of the training step, from one thread to more"
COLUMNS = {"cpu_over_wall": "CPU time over wall", "cpu_ratio": "CPU time, more over one"}


def rows(run):
    for shape in (s for s in run.shapes if s.name in SHAPES):
        with start_ours(shape, run.threads) as many, start_ours(shape, 1) as one:
            for a, b in zip(many.call("steps", count=STEPS), one.call("steps", count=STEPS)):
                agree("loss and norm, to the last bit", float(a == b), 1.0, 0.0)
            row = compare(many, one, run.effort)
        yield {"row": f"{shape.name}, {run.threads} threads", "beside": "one thread", **row, "target": TARGET,
               "cpu_over_wall": row["ours_cpu_seconds"] / row["ours_seconds"], "cpu_ratio": row["ours_cpu_seconds"] / row["theirs_cpu_seconds"],
               "share_of_limit": shape.step_seconds(run.limits, run.threads) / row["ours_seconds"]}
