"""`Transformer.generate` from Python: options, seeds of requests, samples that share a prompt, and stopping."""

import threading

import numpy as np
import pytest

import tutelage
from tutelage import nn


def small_model(seed=3):
    return nn.Transformer(nn.TransformerConfig(vocab_size=37, max_positions=80, hidden_size=24, num_layers=2, num_heads=3, init_std=0.4), seed)


def expected_logprob(model, ids, token, temperature=1.0, top_k=0, min_p=0.0, repetition_penalty=1.0):
    """Hugging Face's processors in their order, in double; None for a token that they rule out."""
    z = model.logits([ids])[-1].astype(np.float64)
    seen = sorted(set(ids))
    z[seen] = np.where(z[seen] < 0, z[seen] * repetition_penalty, z[seen] / repetition_penalty)
    z /= temperature
    if top_k:
        z[z < np.sort(z)[-top_k]] = -np.inf
    z[np.exp(z - z.max()) < min_p] = -np.inf
    return None if np.isinf(z[token]) else (z - z.max() - np.log(np.exp(z - z.max()).sum()))[token]


@pytest.mark.parametrize(
    "options",
    [
        dict(temperature=0.8),
        dict(temperature=0.8, min_p=0.1),
        dict(temperature=1.4, top_k=6, repetition_penalty=1.5),
        dict(temperature=1.1, top_k=20, min_p=0.03, repetition_penalty=0.8),
    ],
)
def test_log_probs_are_of_the_distribution_that_the_options_define(options):
    model, prompts = small_model(), [[1, 2, 3], [9], [4, 4, 8, 30]]
    for i, g in enumerate(model.generate(prompts, max_new_tokens=8, num_samples=3, seed=5, **options)):
        ids = list(prompts[i // 3])
        for token, logprob in zip(g.ids, g.logprobs):
            assert logprob == pytest.approx(expected_logprob(model, ids, token, **options), abs=3e-5)
            ids.append(token)


def test_samples_share_a_prompt_and_no_byte_changes():
    model, prompts = small_model(), [[5] * 20 + [7], [5] * 20 + [8], [1]]
    options = dict(max_new_tokens=12, seed=2, stop_ids=[3, 4])
    together = [(g.ids, g.logprobs) for g in model.generate(prompts, num_samples=4, max_batch=5, **options)]
    assert len({tuple(ids) for ids, _ in together}) > 6
    for i in range(3):
        for s in range(4):
            (alone,) = model.generate(prompts[i : i + 1], first_item=i, sample=s, **options)
            assert (alone.ids, alone.logprobs) == together[4 * i + s]


def test_a_seed_for_each_request():
    model = small_model()
    prompts, seeds = [[1, 2], [3], [4, 5, 6]], [11, 2**64 - 1, 11]
    together = model.generate(prompts, seeds=seeds, max_new_tokens=10)
    for prompt, seed, g in zip(reversed(prompts), reversed(seeds), reversed(together)):
        (alone,) = model.generate([prompt], seed=seed, max_new_tokens=10)
        assert (alone.ids, alone.logprobs) == (g.ids, g.logprobs)


def test_another_thread_stops_a_call():
    model, begun, stop, tokens = small_model(), threading.Event(), threading.Event(), []
    other = threading.Thread(target=lambda: (begun.wait(), stop.set()))
    other.start()

    def on_token(answer, token, logprob):
        tokens.append(answer)
        begun.set()

    with pytest.raises(tutelage.Stopped):
        model.generate([[1]], num_samples=100000, on_token=on_token, should_stop=stop.is_set)
    other.join()
    assert 0 < len(tokens) < 100000 * 64


@pytest.mark.parametrize(
    "options",
    [dict(min_p=-0.1), dict(min_p=1.5), dict(min_p=float("nan")), dict(repetition_penalty=0), dict(repetition_penalty=-2), dict(num_samples=0), dict(min_q=0.1)],
)
def test_bad_options_are_config_errors(options):
    with pytest.raises(tutelage.ConfigError):
        small_model().generate([[1]], **options)


def test_bad_prompts_and_seeds_have_their_types():
    model = small_model()
    with pytest.raises(tutelage.ShapeError, match="seeds"):
        model.generate([[1], [2]], seeds=[1])
    with pytest.raises(tutelage.ShapeError, match="too long"):
        model.generate([[1]], max_new_tokens=80)
    with pytest.raises(tutelage.ValueError, match="empty"):
        model.generate([[1], []])
    with pytest.raises(IndexError):
        model.generate([[37]])
