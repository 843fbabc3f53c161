"""What every side of the generation benchmark starts from."""

from dataclasses import replace

from common.shapes import SHAPES, tokens

PROMPT_LENGTH, NEW = 32, 64
SPREAD = 5.0  # weights wide enough that greedy answers of an untrained model do not repeat one token


def prompts(shape, batch):
    return tokens(shape, batch=batch, length=PROMPT_LENGTH, seed=2).tolist()


def shape_of(name):
    """With as many positions as the answers need."""
    return replace(SHAPES[name], length=max(SHAPES[name].length, PROMPT_LENGTH + NEW))
