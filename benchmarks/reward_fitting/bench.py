"""Reward models of pairs of 50-step fragments with 4 inputs, two hidden layers of 32: one epoch of fitting, and choosing questions with three members,
beside imitation. Needs `pip install --no-deps imitation==1.0.1 stable-baselines3 gymnasium`."""

from common.pairs import Wrong, agree, compare, fastest
from common.worker import Worker

from .inputs import MEMBERS

TARGETS = {"fit": 50.0, "choose": 100.0}
PAIRS, BATCH = 512, 32
TITLE = "Reward fitting"
COLUMNS = {"ours_pairs_per_second": "ours, pairs/s", "theirs_pairs_per_second": "theirs, pairs/s"}


def start(module, members, threads, batch_size=BATCH):
    worker = Worker(module)
    worker.call("setup", pairs=PAIRS, threads=threads, members=members, batch_size=batch_size)
    return worker


def check_fit():
    """From the same start: the loss before, after three steps on all pairs at once, and after two epochs in orders of their own."""
    with start("reward_fitting.ours", 1, 2, PAIRS) as ours, start("reward_fitting.imitation_fit", 1, 1, PAIRS) as theirs:
        error = agree("loss at the start", ours.call("loss"), theirs.call("loss"), 1e-5)
        error = max(error, agree("loss after three steps", ours.call("fitted", epochs=3), theirs.call("fitted", epochs=3), 1e-4))
    with start("reward_fitting.ours", 1, 2) as ours, start("reward_fitting.imitation_fit", 1, 1) as theirs:
        agree("loss after two epochs", ours.call("fitted", epochs=2), theirs.call("fitted", epochs=2), 0.02)
    return error


def check_choice():
    with start("reward_fitting.ours", MEMBERS, 2) as ours, start("reward_fitting.imitation_fit", MEMBERS, 1) as theirs:
        mine, other = ours.call("choose"), theirs.call("choose")
    if mine != other:
        raise Wrong(f"questions chosen: ours {mine}, theirs {other}")


def rows(run):
    for name, members in (("fit", 1), ("choose", MEMBERS)):
        difference = check_fit() if name == "fit" else check_choice()
        counts = sorted({1, run.threads})
        best = [fastest(lambda threads: start(module, members, threads), counts, run.effort)
                for module in ("reward_fitting.ours", "reward_fitting.imitation_fit")]
        with best[0].worker as ours, best[1].worker as theirs:
            row = compare(ours, theirs, run.effort)
        yield {"row": f"{name}, {PAIRS} pairs", "beside": f"imitation 1.0.1, {best[1].key} threads; ours {best[0].key}", **row, "target": TARGETS[name],
               "ours_pairs_per_second": PAIRS / row["ours_seconds"], "theirs_pairs_per_second": PAIRS / row["theirs_seconds"],
               **({"difference": difference} if difference else {})}
