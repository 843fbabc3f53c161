"""One PPO iteration: 16 answers of 32 tokens sampled, scored, and learned from in four passes; beside the same in plain PyTorch."""

from common import torch_settings
from common.pairs import agree, compare
from common.torch_settings import SETTINGS
from common.worker import Worker

from . import inputs

SHAPES = ("0.13M", "0.96M", "6.9M")
TOLERANCE = 2e-3  # of the four statistics; see training_step
TITLE = f"PPO iteration, {inputs.PROMPTS} answers of {inputs.NEW} tokens, {inputs.EPOCHS} passes"
COLUMNS = {}


def start(module, shape, threads, settings=None):
    worker = Worker(f"ppo_iteration.{module}", settings)
    worker.call("setup", shape=shape.name, threads=threads)
    return worker


def rows(run):
    for shape in (s for s in run.shapes if s.name in SHAPES):
        with start("ours", shape, run.threads) as ours:
            first = ours.call("first")

            def start_torch(key):
                worker = start("torch_ppo", shape, key[2], SETTINGS[key[1]])
                theirs = worker.call("replay", ids=first["ids"], logprobs=first["logprobs"])
                for what, a, b in zip(("policy loss", "value loss", "gradient norm", "approximate KL"), first["stats"], theirs):
                    agree(what, a, b, TOLERANCE)
                return worker

            best = torch_settings.find_best(start_torch, ("eager",), run.threads, run.effort)
            with best.worker as theirs:
                row = compare(ours, theirs, run.effort)
        yield {"row": shape.name, "beside": f"torch {torch_settings.label(best.key)}", **row}
