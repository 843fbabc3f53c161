"""The transformer, its gradients, its sampling and AdamW beside Hugging Face's GPT-2 and PyTorch, with the same weights."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import tutelage
from tutelage import nn, ops, optim

CONFIG = nn.TransformerConfig(vocab_size=61, max_positions=80, hidden_size=24, num_layers=2, num_heads=3, init_std=0.3)
SEQUENCES = [[int(t) for t in np.random.default_rng(n).integers(0, 61, n)] for n in (1, 2, 7, 16, 33)]


@pytest.fixture(scope="module")
def ours():
    return nn.Transformer(CONFIG, seed=4)


@pytest.fixture(scope="module")
def theirs(ours):
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=61, n_positions=80, n_embd=24, n_layer=2, n_head=3, activation_function="gelu_new", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
        bos_token_id=None, eos_token_id=None, pad_token_id=0)).eval()
    with torch.no_grad():
        for name, parameter in named(model):
            value = torch.from_numpy(ours.parameters()[name].numpy().copy())
            parameter.copy_(value.T if parameter.shape != value.shape or transposed(name) else value)
    return model


def transposed(name):
    """GPT-2 keeps (in, out) where tutelage keeps (out, in)."""
    return name.startswith("blocks") and name.endswith("weight")


def named(model):
    """tutelage's name of each of GPT-2's parameters."""
    inner = {"norm1_gain": "ln_1.weight", "norm1_bias": "ln_1.bias", "qkv_weight": "attn.c_attn.weight", "qkv_bias": "attn.c_attn.bias",
             "out_weight": "attn.c_proj.weight", "out_bias": "attn.c_proj.bias", "norm2_gain": "ln_2.weight", "norm2_bias": "ln_2.bias",
             "up_weight": "mlp.c_fc.weight", "up_bias": "mlp.c_fc.bias", "down_weight": "mlp.c_proj.weight", "down_bias": "mlp.c_proj.bias"}
    parameters = dict(model.transformer.named_parameters())
    yield from (("token_embedding", parameters["wte.weight"]), ("position_embedding", parameters["wpe.weight"]))
    for layer in range(CONFIG.num_layers):
        for name, hf in inner.items():
            yield f"blocks.{layer}.{name}", parameters[f"h.{layer}.{hf}"]
    yield from (("norm_gain", parameters["ln_f.weight"]), ("norm_bias", parameters["ln_f.bias"]))


def padded():
    longest = max(map(len, SEQUENCES))
    ids, mask = np.zeros((2, len(SEQUENCES), longest), np.int64)
    for i, s in enumerate(SEQUENCES):
        ids[i, : len(s)], mask[i, : len(s)] = s, 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def test_logits_of_a_ragged_batch(ours, theirs):
    ids, mask = padded()
    with torch.no_grad():
        expected = theirs(ids, attention_mask=mask).logits[mask.bool()].numpy()
    np.testing.assert_allclose(np.asarray(ours.logits(SEQUENCES)), expected, atol=1e-4)


def our_loss(model):
    rows, targets, start = [], [], 0
    for s in SEQUENCES:
        rows += range(start, start + len(s) - 1)
        targets += s[1:]
        start += len(s)
    logits = ops.linear(model.hidden(SEQUENCES), model.parameters()["token_embedding"])
    return ops.token_logprobs(ops.rows(logits, rows), targets) * (-1.0 / len(targets))


def their_loss(model):
    ids, mask = padded()
    logits = model(ids, attention_mask=mask).logits[:, :-1]
    kept = mask[:, 1:].bool()
    return torch.nn.functional.cross_entropy(logits[kept], ids[:, 1:][kept])


def test_loss_and_every_gradient(ours, theirs):
    value, grads = tutelage.value_and_grad(our_loss, ours)
    theirs.zero_grad()
    loss = their_loss(theirs)
    loss.backward()
    assert value == pytest.approx(loss.item(), abs=1e-4)
    for name, parameter in named(theirs):
        expected = parameter.grad.numpy()
        np.testing.assert_allclose(grads.parameters()[name].numpy(), expected.T if transposed(name) else expected, atol=1e-4, err_msg=name)


def test_greedy_answers_and_log_probs(ours, theirs):
    for prompt in SEQUENCES[:4]:
        got = ours.generate([prompt], max_new_tokens=60, temperature=0)[0]
        expected = theirs.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), max_new_tokens=60, do_sample=False)
        assert got.ids == expected[0, len(prompt):].tolist()
        with torch.no_grad():
            logprobs = torch.log_softmax(theirs(expected).logits[0, len(prompt) - 1 : -1], -1)
        np.testing.assert_allclose(got.logprobs, logprobs[range(60), got.ids].numpy(), atol=1e-4)


def test_sampling_follows_the_distribution(ours, theirs):
    options = {"max_new_tokens": 1, "temperature": 0.7, "top_k": 5}
    draws = [g.ids[0] for sample in range(40) for g in ours.generate([SEQUENCES[2]] * 100, **options, sample=sample)]
    with torch.no_grad():
        top = torch.topk(theirs(torch.tensor([SEQUENCES[2]])).logits[0, -1] / 0.7, 5)
    expected = dict(zip(top.indices.tolist(), torch.softmax(top.values, -1).tolist()))
    assert set(draws) <= set(expected)
    for token, probability in expected.items():
        assert draws.count(token) / len(draws) == pytest.approx(probability, abs=5 * (probability * (1 - probability) / len(draws)) ** 0.5 + 1e-9)


def test_adamw_with_clipping():
    """As torch's, but for the 1e-6 that torch adds to the norm, and for decay, which leaves vectors alone here."""
    rng = np.random.default_rng(3)
    values = [rng.normal(size=s).astype(np.float32) for s in ((7, 5), (5,), (3, 9))]
    ours = [tutelage.Tensor(v) for v in values]
    theirs = [torch.nn.Parameter(torch.from_numpy(v.copy())) for v in values]
    config = optim.AdamWConfig(learning_rate=0.01, beta2=0.99, weight_decay=0.1, max_grad_norm=1.0)
    matrices, vectors = [p for p in theirs if p.ndim == 2], [p for p in theirs if p.ndim == 1]
    torch_adamw = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=0.01, betas=(0.9, 0.99))
    state = optim.AdamWState()
    for _ in range(20):
        grads = [rng.normal(size=v.shape).astype(np.float32) for v in values]
        ours, norm = optim.adamw_step(ours, [tutelage.Tensor(g) for g in grads], state, config)
        for p, g in zip(theirs, grads):
            p.grad = torch.from_numpy(g.copy())
        assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, 1.0).item(), rel=1e-5)
        torch_adamw.step()
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), atol=1e-5)
