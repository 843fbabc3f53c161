"""Greedy generation: 64 new tokens after 32, beside Hugging Face's `generate` with its cache, and CTranslate2 in float32."""

from common import torch_settings
from common.pairs import Wrong, compare
from common.torch_settings import SETTINGS
from common.worker import Worker

from .inputs import NEW, PROMPT_LENGTH

TARGETS = {1: {"0.13M": 40.0, "0.96M": 20.0, "6.9M": 5.0, "124M": 1.3}, 16: {"0.13M": 25.0, "0.96M": 12.0, "6.9M": 5.0, "124M": 3.0}}
CTRANSLATE2 = {"6.9M": 1.0, "124M": 1.0}
TOLERANCE = 1e-4  # of the largest logit: answers may part where two tokens are that close
TITLE = f"Generation, {NEW} new tokens after {PROMPT_LENGTH}, greedy"
COLUMNS = {"same": "tokens before a tie"}


def start(side, shape, batch, threads, settings=None):
    worker = Worker(f"generation.{side}", settings)
    worker.call("setup", shape=shape.name, threads=threads, batch=batch)
    return worker


def same_tokens(ours, theirs, judge):
    """Tokens that agree, of all. Rows may part at a tie only; what follows is another text and is not compared."""
    same = 0
    for row, (a, b) in enumerate(zip(ours, theirs)):
        if len(a) != NEW or len(b) != NEW:
            raise Wrong(f"row {row}: ours has {len(a)} tokens, theirs {len(b)}, expected {NEW}")
        at = next((i for i in range(NEW) if a[i] != b[i]), NEW)
        if at < NEW:
            gap, size = judge.call("gap", row=row, answer=b[:at + 1], other=a[at])
            if abs(gap) > TOLERANCE * size:
                raise Wrong(f"row {row}, token {at}: ours {a[at]}, theirs {b[at]}, whose logits differ by {gap:.2g}, which is no tie")
        same += at
    return same


def step_seconds(shape, batch, run):
    """Least time: the prompts' products at peak, then for each token all weights read once, or the batch's products at peak."""
    prefill = run.limits.seconds(shape.forward_flops(batch * PROMPT_LENGTH, PROMPT_LENGTH / 2))
    products = run.limits.seconds(shape.forward_flops(batch, PROMPT_LENGTH + NEW / 2))
    return prefill + NEW * max(products, run.limits.read_seconds(4 * shape.product_weights))


def rows(run):
    for shape in run.shapes:
        for batch, targets in TARGETS.items():
            with start("ours", shape, batch, run.threads) as ours:
                best = torch_settings.find_best(
                    lambda key: start("hugging_face", shape, batch, key[2], SETTINGS[key[1]]), ("generate",), run.threads, run.effort)
                with best.worker as theirs:
                    answers = ours.call("answers")
                    row = {"same": f"{same_tokens(answers, theirs.call('answers'), theirs)} of {batch * NEW}", **compare(ours, theirs, run.effort)}
                    limit = step_seconds(shape, batch, run)
                    yield {"row": f"{shape.name}, batch {batch}", "beside": f"Hugging Face {torch_settings.label(best.key)}", **row,
                           "target": targets[shape.name], "share_of_limit": limit / row["ours_seconds"]}
                    if shape.name in CTRANSLATE2:
                        with start("ctranslate", shape, batch, run.threads) as other:
                            row = {"same": f"{same_tokens(answers, other.call('answers'), theirs)} of {batch * NEW}", **compare(ours, other, run.effort)}
                        yield {"row": f"{shape.name}, batch {batch}", "beside": "CTranslate2", **row, "target": CTRANSLATE2[shape.name],
                               "share_of_limit": limit / row["ours_seconds"]}
