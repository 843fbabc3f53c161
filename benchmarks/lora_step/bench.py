"""One LoRA training step of Llama shapes, rank 8 on every linear map: next-token cross-entropy, clipping, AdamW; beside transformers with PEFT."""

from common import torch_settings
from common.pairs import compare
from common.torch_settings import SETTINGS
from common.worker import Worker
from training_step.bench import OPTIMIZER, STEPS, check

from .inputs import SHAPES

TARGETS = {"135M": 3.0}
TITLE = "LoRA training step"
COLUMNS = {}


def start(module, shape, threads, settings=None, **options):
    worker = Worker(f"lora_step.{module}", settings)
    worker.call("setup", shape=shape.name, threads=threads, optimizer=OPTIMIZER, **options)
    return worker


def rows(run):
    for shape in SHAPES.values():
        results = []

        def start_torch(key):
            worker = start("torch_step", shape, key[2], SETTINGS[key[1]], compiled=key[0] == "compile")
            results.append(worker.call("steps", count=STEPS))
            return worker

        best = torch_settings.find_best(start_torch, ("eager", "compile"), run.threads, run.effort)
        with best.worker as theirs, start("ours", shape, run.threads) as ours:
            first = ours.call("steps", count=STEPS)
            error = max(check(first, other) for other in results)
            row = compare(ours, theirs, run.effort)
        yield {"row": shape.name, "beside": f"transformers and PEFT, {torch_settings.label(best.key)}", **row,
               **({"target": TARGETS[shape.name]} if shape.name in TARGETS else {}), "difference": error}
