"""Every op beside PyTorch's, forward and backward, on random shapes, in both precisions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from beside import check

from tutelage import ops


def gelu(x):
    return F.gelu(x, approximate="tanh")


def picks(x):
    """Row numbers of x, some of them twice."""
    return [5 * i % x.shape[0] for i in range(7)]


def targets(logits):
    return [5 * i % logits.shape[1] for i in range(logits.shape[0])]


def few(x, weight):
    """One target for each row of x, below the number of weight's rows."""
    return [5 * i % weight.shape[0] for i in range(x.shape[0])]


def offsets(x):
    """Three sequences or fewer in x's rows."""
    n = x.shape[0]
    return sorted({0, n // 4, n // 2, n})


def attention(qkv, heads, key_heads, size, window=None):
    out = []
    for begin, end in zip(offsets(qkv), offsets(qkv)[1:]):
        parts = qkv[begin:end].split([heads * size, key_heads * size, key_heads * size], 1)
        q, k, v = (x.reshape(end - begin, -1, size).transpose(0, 1)[None] for x in parts)
        ago = torch.arange(end - begin)[:, None] - torch.arange(end - begin)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=(ago >= 0) & (ago < (window or end)), enable_gqa=True)[0]
        out.append(mixed.transpose(0, 1).reshape(end - begin, heads * size))
    return torch.cat(out)


def heads_of(qkv):
    """Four query heads, two key heads and the values of a row, each head of 8 numbers."""
    return qkv[:, :32].reshape(-1, 4, 8), qkv[:, 32:48].reshape(-1, 2, 8), qkv[:, 48:]


def joined(q, k, v):
    return torch.cat([q.reshape(len(v), -1), k.reshape(len(v), -1), v], 1)


def qk_norm(qkv, q_gain, k_gain):
    q, k, v = heads_of(qkv)
    return joined(F.rms_norm(q, (8,), q_gain, 1e-3), F.rms_norm(k, (8,), k_gain, 1e-3), v)


ANGLES = np.arange(40)[:, None] / 7 * np.array([1.0, 0.3, 0.1])  # of 6 numbers of a head


def our_rotary(qkv):
    table = np.concatenate([np.cos(ANGLES), np.sin(ANGLES)], 1).astype(qkv.numpy().dtype)
    return ops.rotary(qkv, picks_of(qkv), table, 4, 2)


def picks_of(x):
    """A position for each row."""
    return [11 * i % 40 for i in range(x.shape[0])]


def rotary(qkv):
    q, k, v = heads_of(qkv)
    angles = torch.from_numpy(ANGLES)[picks_of(qkv)][:, None]
    cos, sin = angles.cos().to(qkv.dtype), angles.sin().to(qkv.dtype)

    def turned(x):
        return torch.cat([x[..., :3] * cos - x[..., 3:6] * sin, x[..., 3:6] * cos + x[..., :3] * sin, x[..., 6:]], -1)

    return joined(turned(q), turned(k), v)


def gated(x, g, w, u, d):
    n = F.rms_norm(x, g.shape, g, 1e-3)
    return F.linear(F.silu(F.linear(n, w)) * F.linear(n, u), d)


def empty(x):
    return np.zeros(0, x.numpy().dtype)


UNARY = {"exp": torch.exp, "neg": torch.neg, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": lambda x: F.softplus(x, threshold=1000),
         "relu": F.relu, "silu": F.silu, "gelu": gelu, "gelu_exact": F.gelu, "square": torch.square, "abs": torch.abs, "sum": torch.sum, "mean": torch.mean,
         "log_softmax": lambda x: F.log_softmax(x, -1), "softmax": lambda x: F.softmax(x, -1), "logsumexp": lambda x: torch.logsumexp(x, -1),
         "transpose": lambda x: x.T, "sum_first": lambda x: x.sum(0), "sum_last": lambda x: x.sum(-1)}
BINARY = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "maximum": torch.maximum, "minimum": torch.minimum}
ACTIVATIONS = {"none": lambda x: x, "gelu": gelu, "relu": F.relu, "tanh": torch.tanh, "silu": F.silu, "gelu_exact": F.gelu}
# name, with the variant after a dot: (shapes, ours, torch's). A shape is written in letters, each a random size; + is drawn above zero.
CASES = {
    **{name: (["mk"], getattr(ops, name), f) for name, f in UNARY.items()},
    **{name: (["mk", "mk"], getattr(ops, name), f) for name, f in BINARY.items()},
    "log": (["+mk"], ops.log, torch.log),
    "sqrt": (["+mk"], ops.sqrt, torch.sqrt),
    "div": (["mk", "+mk"], ops.div, torch.div),
    "affine": (["mk"], lambda x: ops.affine(x, 2.0, -1.0), lambda x: 2 * x - 1),
    "clip": (["mk"], lambda x: ops.clip(x, -0.5, 0.8), lambda x: torch.clip(x, -0.5, 0.8)),
    "matmul": (["mk", "kn"], ops.matmul, torch.matmul),
    "linear": (["mk", "nk"], ops.linear, F.linear),
    **{f"linear.{name}": (["mk", "nk", "n"], lambda x, w, b, name=name: ops.linear(x, w, b, name), lambda x, w, b, f=f: f(F.linear(x, w, b)))
       for name, f in ACTIVATIONS.items()},
    "layer_norm": (["mk", "k", "k"], lambda x, g, b: ops.layer_norm(x, g, b, 1e-3), lambda x, g, b: F.layer_norm(x, g.shape, g, b, 1e-3)),
    "rms_norm": (["mk", "k"], lambda x, g: ops.rms_norm(x, g, 1e-3), lambda x, g: F.rms_norm(x, g.shape, g, 1e-3)),
    "embedding": (["mk"], lambda t: ops.embedding(t, picks(t)), lambda t: F.embedding(torch.tensor(picks(t)), t)),
    "rows": (["mk"], lambda t: ops.rows(t, picks(t)), lambda t: t[picks(t)]),
    "slice_rows": (["mk"], lambda t: ops.slice_rows(t, t.shape[0] // 2, t.shape[0]), lambda t: t[t.shape[0] // 2:]),
    "concat_rows": (["mk", "nk"], lambda a, b: ops.concat_rows([a, b]), lambda a, b: torch.cat([a, b])),
    "sum_runs": (["m"], lambda x: ops.sum_runs(x, [0, 1, x.shape[0]]), lambda x: torch.stack([x[:1].sum(), x[1:].sum()])),
    "reshape": (["mk"], lambda t: ops.reshape(t, [t.shape[1], t.shape[0]]), lambda t: t.reshape(t.shape[1], t.shape[0])),
    "token_logprobs": (["mk"], lambda x: ops.token_logprobs(x, targets(x), 0.7),
                       lambda x: torch.log_softmax(x / 0.7, -1).gather(1, torch.tensor(targets(x))[:, None])[:, 0]),
    "linear_logprobs": (["mk", "nk"], lambda x, w: ops.linear_logprobs(x, w, few(x, w), 0.7),
                        lambda x, w: torch.log_softmax(x @ w.T / 0.7, -1).gather(1, torch.tensor(few(x, w))[:, None])[:, 0]),
    "cross_entropy": (["mk", "nk"], lambda x, w: ops.cross_entropy(x, w, few(x, w), [0.5] * x.shape[0]),
                      lambda x, w: 0.5 * F.cross_entropy(x @ w.T, torch.tensor(few(x, w)), reduction="none")),
    "norm_linear": (["mk", "k", "k", "nk", "n"], lambda x, g, b, w, c: ops.norm_linear(x, g, b, 1e-3, w, c),
                    lambda x, g, b, w, c: F.linear(F.layer_norm(x, g.shape, g, b, 1e-3), w, c)),
    "norm_mlp": (["mk", "k", "k", "nk", "n", "kn", "k"], lambda x, g, b, u, v, d, e: ops.norm_mlp(x, g, b, 1e-3, u, v, "gelu", d, e),
                 lambda x, g, b, u, v, d, e: F.linear(gelu(F.linear(F.layer_norm(x, g.shape, g, b, 1e-3), u, v)), d, e)),
    "token_entropy": (["mk"], lambda x: ops.token_entropy(x, 0.7), lambda x: torch.distributions.Categorical(logits=x / 0.7).entropy()),
    "causal_attention": (["m3"], lambda x: ops.causal_attention(x, offsets(x), 3, 3), lambda x: attention(x, 3, 3, 5)),
    "causal_attention.grouped": (["m4"], lambda x: ops.causal_attention(x, offsets(x), 4, 2), lambda x: attention(x, 4, 2, 8)),
    "causal_attention.window": (["m4"], lambda x: ops.causal_attention(x, offsets(x), 4, 2, 5), lambda x: attention(x, 4, 2, 8, 5)),
    "qk_norm": (["m4", "8", "8"], lambda x, q, k: ops.qk_norm(x, q, k, 1e-3, 4, 2), qk_norm),
    "rotary": (["m4"], our_rotary, rotary),
    "segment_sum": (["m5"], lambda x: ops.segment_sum(x, offsets(x)), lambda x: torch.stack([x[a:b].sum(0) for a, b in zip(offsets(x), offsets(x)[1:])])),
    "grouped_linear": (["m3", "35"], lambda x, w: ops.grouped_linear(x, w, empty(x), 3),
                       lambda x, w: torch.cat([a @ b.T for a, b in zip(x.split(15, 1), w.split(15))], 1)),
    "mlp": (["m5", "35", "3", "35", "3"], lambda x, w, b, v, c: ops.mlp(x, [w, v], [b, c], 3),
            lambda x, *p: torch.cat([F.linear(torch.tanh(F.linear(x, w, b)), v, c) for w, b, v, c in zip(*(t.split(15) for t in p))], 1)),
    "norm_gated_mlp": (["mk", "k", "nk", "nk", "kn"],
                       lambda x, g, w, u, d: ops.norm_gated_mlp(x, g, empty(x), 1e-3, w, empty(x), u, empty(x), "silu", d, empty(x)), gated),
}
FIXED = {"3": 3 * 3 * 5, "5": 3 * 5, "4": (4 + 2 + 2) * 8, "8": 8}  # widths of q | k | v, and of a head
NOT_HERE = {"with_derivatives"}  # takes derivatives that were computed elsewhere


def test_every_op_has_a_case():
    public = {name for name in dir(ops) if not name.startswith("_") and callable(getattr(ops, name))}
    assert public - NOT_HERE == {name.split(".")[0] for name in CASES}


# Products take small numbers only: those of large ones differ by more than the tolerance, in whatever order they are summed.
SCALED = [(name, scale) for name in CASES for scale in (1, 8) if scale == 1 or name.split(".")[0] not in (
    "matmul", "linear", "norm_linear", "norm_mlp", "norm_gated_mlp", "linear_logprobs", "cross_entropy", "causal_attention", "grouped_linear", "mlp")]


@pytest.mark.parametrize("name, scale", SCALED)
def test_op(name, scale, dtype, rng):
    shapes, ours, theirs = CASES[name]
    sizes = {"m": rng.integers(1, 40), "k": rng.integers(2, 70), "n": rng.integers(1, 40), **FIXED}
    inputs = []
    for shape in shapes:
        size = [sizes[letter] for letter in shape.strip("+")]
        inputs.append(rng.uniform(0.2, 3, size) if shape[0] == "+" else rng.normal(size=size) * scale)
    check(ours, theirs, *inputs, dtype=dtype, weighted=name != "cross_entropy")  # its terms are the loss itself
