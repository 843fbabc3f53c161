"""One RLOO iteration, 32 answers of 48 tokens sampled, scored and learned from, beside TRL's trainer."""

from common import torch_settings
from common.pairs import agree, compare
from common.torch_settings import SETTINGS
from common.worker import Worker

from . import inputs

TARGETS = {"0.13M": 12.0, "6.9M": 4.0}
TOLERANCE = 2e-3  # of loss, reward and gradient norm; see training_step
TITLE = f"RLOO iteration beside TRL, {inputs.PROMPTS} prompts, {inputs.GENERATIONS} answers of {inputs.NEW} tokens to each"
COLUMNS = {"ours_megabytes": "our MB", "theirs_megabytes": "their MB"}


def start(module, shape, threads, settings=None):
    worker = Worker(f"rloo_iteration.{module}", settings)
    worker.call("setup", shape=shape.name, threads=threads)
    return worker


def rows(run):
    for shape in (s for s in run.shapes if s.name in TARGETS):
        with start("ours", shape, run.threads) as ours:
            first = ours.call("first")

            def start_trl(key):
                worker = start("trl_rloo", shape, key[2], SETTINGS[key[1]])
                theirs = worker.call("replay", ids=first["ids"])
                for what, a, b in zip(("policy loss", "reward", "gradient norm"), first["stats"], theirs):
                    agree(what, a, b, TOLERANCE)
                return worker

            best = torch_settings.find_best(start_trl, ("eager",), run.threads, run.effort)
            with best.worker as theirs:
                row = compare(ours, theirs, run.effort)
                megabytes = {side: worker.call("peak") / 1e6 for side, worker in (("ours", ours), ("theirs", theirs))}
        yield {"row": shape.name, "beside": f"TRL {torch_settings.label(best.key)}", "target": TARGETS[shape.name],
               **{f"{side}_megabytes": value for side, value in megabytes.items()}, **row}
