"""The transformer, its gradients and its sampling beside Hugging Face's GPT-2 with the same weights. It is float32; GPT-2 runs in both precisions."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import tutelage
from tutelage import nn, ops

VOCAB, NEW = 61, 64
CONFIG = nn.TransformerConfig(vocab_size=VOCAB, max_positions=100, hidden_size=24, num_layers=2, num_heads=3)
SEQUENCES = [[int(t) for t in np.random.default_rng(n).integers(0, VOCAB, n)] for n in (1, 2, 7, 16, 33)]
PROMPTS = [SEQUENCES[2], SEQUENCES[0], SEQUENCES[3], SEQUENCES[4]]
TOLERANCE = 1e-4
# GPT-2's names, below transformer.h.<layer>; it keeps weights (in, out) where tutelage keeps (out, in).
BLOCK = {"norm1_gain": "ln_1.weight", "norm1_bias": "ln_1.bias", "qkv_weight": "attn.c_attn.weight", "qkv_bias": "attn.c_attn.bias",
         "out_weight": "attn.c_proj.weight", "out_bias": "attn.c_proj.bias", "norm2_gain": "ln_2.weight", "norm2_bias": "ln_2.bias",
         "up_weight": "mlp.c_fc.weight", "up_bias": "mlp.c_fc.bias", "down_weight": "mlp.c_proj.weight", "down_bias": "mlp.c_proj.bias"}
NAMES = {"token_embedding": "wte.weight", "position_embedding": "wpe.weight", "norm_gain": "ln_f.weight", "norm_bias": "ln_f.bias",
         **{f"blocks.{i}.{name}": f"h.{i}.{theirs}" for i in range(2) for name, theirs in BLOCK.items()}}


def turned(name, array):
    return array.T if name.startswith("blocks") and name.endswith("weight") else array


@pytest.fixture(scope="module")
def ours():
    """Every number at random, gains and biases too; large positions, so that greedy answers do not repeat one token."""
    model, rng, values = nn.Transformer(CONFIG, seed=4), np.random.default_rng(6), {}
    for name, p in model.parameters().items():
        value = rng.normal(size=p.shape) * (0.9 if name == "position_embedding" else 0.3) + name.endswith("gain")
        values[name] = tutelage.Tensor(value.astype(np.float32))
    return model.with_parameters(values)


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def theirs(request, ours):
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCAB, n_positions=100, n_embd=24, n_layer=2, n_head=3, activation_function="gelu_new", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
        bos_token_id=None, eos_token_id=None, pad_token_id=0)).eval()
    weights = {NAMES[name]: torch.tensor(turned(name, p.numpy())) for name, p in ours.parameters().items()}
    assert set(weights) == {name for name, _ in model.transformer.named_parameters()}
    model.transformer.load_state_dict(weights, strict=False)
    return model.to(request.param)


def padded(sequences, left=False):
    """(B, T) ids and mask."""
    longest = max(map(len, sequences))
    ids, mask = np.full((len(sequences), longest), 7), np.zeros((len(sequences), longest), int)
    for i, s in enumerate(sequences):
        place = slice(longest - len(s), None) if left else slice(len(s))
        ids[i, place], mask[i, place] = s, 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def test_logits_of_a_ragged_batch(ours, theirs):
    ids, mask = padded(SEQUENCES)
    with torch.no_grad():
        expected = theirs(ids, attention_mask=mask).logits.numpy()
    real = mask.numpy() > 0
    np.testing.assert_allclose(ours.logits(SEQUENCES), expected[real], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(ours.logits(ids.numpy(), mask.numpy())[real], expected[real], rtol=0, atol=TOLERANCE)


def test_loss_and_every_gradient(ours, theirs):
    ids, mask = padded(SEQUENCES)
    theirs.zero_grad()
    expected = theirs(ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, -100)).loss
    expected.backward()
    starts = np.cumsum([0, *map(len, SEQUENCES)])
    rows = [start + t for start, s in zip(starts, SEQUENCES) for t in range(len(s) - 1)]
    targets = [t for s in SEQUENCES for t in s[1:]]

    def loss(model):
        logits = ops.linear(model.hidden(SEQUENCES), model.parameters()["token_embedding"])
        return ops.token_logprobs(ops.rows(logits, rows), targets) * (-1.0 / len(targets))

    value, grads = tutelage.value_and_grad(loss, ours)
    np.testing.assert_allclose(value, expected.item(), rtol=0, atol=TOLERANCE)
    gradients = {name: p.grad for name, p in theirs.transformer.named_parameters()}
    for name, grad in grads.parameters().items():
        np.testing.assert_allclose(turned(name, grad.numpy()), gradients[NAMES[name]], rtol=0, atol=TOLERANCE, err_msg=name)


def test_greedy_answers(ours, theirs):
    ids, mask = padded(PROMPTS, left=True)
    expected = theirs.generate(ids, attention_mask=mask, max_new_tokens=NEW, do_sample=False, output_logits=True, return_dict_in_generate=True)
    logits = torch.stack(expected.logits, 1)
    best, second = logits.topk(2, -1).values.unbind(-1)
    assert (best - second).min() > TOLERANCE, "too close to call: other weights are needed"
    logprobs = torch.log_softmax(logits, -1).gather(2, expected.sequences[:, -NEW:, None])[..., 0].numpy()
    for i, answer in enumerate(ours.generate(PROMPTS, max_new_tokens=NEW, temperature=0)):
        assert answer.ids == expected.sequences[i, -NEW:].tolist() and len(set(answer.ids)) > 5
        np.testing.assert_allclose(answer.logprobs, logprobs[i], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("temperature, top_k", [(1.0, 0), (0.7, 0), (1.3, 5)])
def test_log_probs_of_sampled_answers(ours, theirs, temperature, top_k):
    answers = ours.generate(PROMPTS, max_new_tokens=NEW, temperature=temperature, top_k=top_k, seed=3)
    whole = [prompt + answer.ids for prompt, answer in zip(PROMPTS, answers)]
    forced = ours.logprobs(whole, temperature=temperature)
    for prompt, answer, ids, again in zip(PROMPTS, answers, whole, forced):
        with torch.no_grad():
            logits = theirs(torch.tensor([ids])).logits[0, :-1] / temperature
        every = torch.log_softmax(logits, -1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0].numpy()
        np.testing.assert_allclose(again, every, rtol=0, atol=TOLERANCE)
        drawn = logits[len(prompt) - 1:]
        if top_k:
            drawn = drawn.masked_fill(drawn < drawn.topk(top_k).values[:, -1:], -torch.inf)
        expected = torch.log_softmax(drawn, -1)[range(NEW), answer.ids].numpy()
        np.testing.assert_allclose(answer.logprobs, expected, rtol=0, atol=TOLERANCE)


def test_sampling_follows_the_distribution(ours, theirs):
    prompt, options = SEQUENCES[2], {"max_new_tokens": 1, "temperature": 0.7, "top_k": 5}
    draws = [g.ids[0] for sample in range(40) for g in ours.generate([prompt] * 100, **options, sample=sample)]
    with torch.no_grad():
        top = torch.topk(theirs(torch.tensor([prompt])).logits[0, -1] / 0.7, 5)
    expected = dict(zip(top.indices.tolist(), torch.softmax(top.values, -1).tolist()))
    assert set(draws) <= set(expected)
    for token, p in expected.items():
        assert abs(draws.count(token) / len(draws) - p) < 5 * (p * (1 - p) / len(draws)) ** 0.5 + 1e-9
