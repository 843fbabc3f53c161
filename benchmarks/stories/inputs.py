"""What both sides start from: the model of 260 thousand weights, openings of stories, VADER, and the loop's settings."""

import os
import random

from tutelage import io, text
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(os.path.dirname(ROOT), "shared", "data", "stories260K")
BOS, STOP_IDS, HELD_OUT = 1, [1, 2], 64
LOOP = {"batch_size": 32, "max_new_tokens": 64, "kl_coef": 0.03, "kl_target": 9.0, "kl_horizon": 2000, "num_epochs": 1, "mini_batch_size": 8,
        "separate_critic": True, "vf_coef": 0.5, "gae_lambda": 0.95, "clip_range": 0.2, "clip_range_value": 0.2}
OPTIMIZER = {"learning_rate": 3e-4, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "max_grad_norm": 1.0}

_BEGINNINGS = ("Once upon a time, there was a {} {}", "One day, a {} {} went to the park", "A {} {} lived in a house", "One day, a {} {} was in the garden")
_HOW = ("little", "big", "small", "happy", "old", "brave", "kind", "young")
_WHO = ("girl", "boy", "dog", "cat", "bird", "bear", "rabbit", "frog", "fish", "mouse", "man", "duck")

_judge = SentimentIntensityAnalyzer()
tokenizer = text.Tokenizer.from_data(io.read_llama2c_tokenizer(os.path.join(DATA, "tok512.bin")))


def model():
    return io.load_pretrained(os.path.join(DATA, "stories260K.bin")).transformer


def openings():
    """Those to learn from, and those held out, as ids."""
    texts = [beginning.format(how, who) for beginning in _BEGINNINGS for how in _HOW for who in _WHO]
    random.Random(0).shuffle(texts)
    ids = [[BOS, *tokenizer.encode(t)] for t in texts]
    return ids[HELD_OUT:], ids[:HELD_OUT]


def story(prompt, answer):
    return tokenizer.decode([t for t in (*prompt, *answer) if t not in STOP_IDS])


def sentiment(prompts, answers):
    """VADER's compound of each whole story, -1 to 1."""
    return [_judge.polarity_scores(story(p, a))["compound"] for p, a in zip(prompts, answers)]
