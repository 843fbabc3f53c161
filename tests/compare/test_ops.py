"""Every op beside PyTorch's, forward and backward, on random shapes, in both precisions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tutelage
from tutelage import ops

IDS, OFFSETS = [3, 0, 3, 1, 4], [0, 1, 4, 9]


def attention(qkv):
    """Causal attention of 9 tokens in three sequences, two heads of width 3; with two query heads a key-value head as well."""
    c, parts = 6, []
    for begin, end in zip(OFFSETS, OFFSETS[1:]):
        q, k, v = (x.reshape(end - begin, 2, 3).transpose(0, 1) for x in qkv[begin:end].split(c, 1))
        parts.append(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).reshape(end - begin, c))
    return torch.cat(parts)


def entropy(x):
    return torch.distributions.Categorical(logits=x / 0.7).entropy()


# name: (shapes, ours, torch's). Inputs named "positive" are drawn above zero.
UNARY = {"exp": torch.exp, "neg": torch.neg, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus, "relu": F.relu, "silu": F.silu,
         "gelu": lambda x: F.gelu(x, approximate="tanh"), "square": torch.square, "abs": torch.abs, "log_softmax": lambda x: F.log_softmax(x, -1),
         "softmax": lambda x: F.softmax(x, -1), "logsumexp": lambda x: torch.logsumexp(x, -1), "sum": torch.sum, "mean": torch.mean,
         "transpose": lambda x: x.T, "sum_first": lambda x: x.sum(0), "sum_last": lambda x: x.sum(-1)}
BINARY = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "maximum": torch.maximum, "minimum": torch.minimum}
CASES = {
    **{name: ([(5, 7)], getattr(ops, name), f) for name, f in UNARY.items()},
    **{name: ([(5, 7), (5, 7)], getattr(ops, name), f) for name, f in BINARY.items()},
    "log": ([("positive", 5, 7)], ops.log, torch.log),
    "sqrt": ([("positive", 5, 7)], ops.sqrt, torch.sqrt),
    "div": ([(5, 7), ("positive", 5, 7)], ops.div, torch.div),
    "affine": ([(5, 7)], lambda x: ops.affine(x, 2.0, -1.0), lambda x: 2 * x - 1),
    "clip": ([(5, 7)], lambda x: ops.clip(x, -0.5, 0.8), lambda x: torch.clip(x, -0.5, 0.8)),
    "matmul": ([(5, 7), (7, 3)], ops.matmul, torch.matmul),
    "linear": ([(5, 7), (3, 7), (3,)], ops.linear, F.linear),
    "linear_gelu": ([(5, 7), (33, 7), (33,)], lambda x, w, b: ops.linear(x, w, b, "gelu"), lambda x, w, b: F.gelu(F.linear(x, w, b), approximate="tanh")),
    "layer_norm": ([(5, 19), (19,), (19,)], ops.layer_norm, lambda x, g, b: F.layer_norm(x, (19,), g, b)),
    "embedding": ([(6, 7)], lambda t: ops.embedding(t, IDS), lambda t: t[IDS]),
    "rows": ([(6, 7)], lambda t: ops.rows(t, IDS), lambda t: t[IDS]),
    "slice_rows": ([(6, 7)], lambda t: ops.slice_rows(t, 1, 4), lambda t: t[1:4]),
    "concat_rows": ([(2, 7), (3, 7)], lambda a, b: ops.concat_rows([a, b]), lambda a, b: torch.cat([a, b])),
    "reshape": ([(6, 7)], lambda t: ops.reshape(t, [3, 14]), lambda t: t.reshape(3, 14)),
    "token_logprobs": ([(5, 37)], lambda x: ops.token_logprobs(x, IDS, 0.7), lambda x: F.log_softmax(x / 0.7, -1)[range(5), IDS]),
    "token_entropy": ([(5, 37)], lambda x: ops.token_entropy(x, 0.7), entropy),
    "causal_attention": ([(9, 18)], lambda x: ops.causal_attention(x, OFFSETS, 2, 2), attention),
}
NOT_HERE = {"with_derivatives"}  # takes derivatives that were computed elsewhere


def test_every_op_has_a_case():
    public = {name for name in dir(ops) if not name.startswith("_") and callable(getattr(ops, name))}
    assert public - NOT_HERE == {name for name in CASES if name != "linear_gelu"}


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("name", CASES)
def test_op(name, dtype, tolerance):
    shapes, ours, theirs = CASES[name]
    rng = np.random.default_rng(len(name))
    inputs = [rng.uniform(0.2, 3, s[1:]) if s[0] == "positive" else rng.normal(size=s) for s in shapes]
    inputs = [x.astype(dtype) for x in inputs]
    leaves = [torch.from_numpy(x).requires_grad_() for x in inputs]
    expected = theirs(*leaves)
    weights = rng.normal(size=expected.shape).astype(dtype)
    (expected * torch.from_numpy(weights)).sum().backward()
    kind = tutelage.Tensor if dtype == np.float32 else tutelage.Tensor64
    got = ours(*(kind(x) for x in inputs)).numpy()
    _, grads = tutelage.value_and_grad(lambda p: ours(*p) * kind(weights), [kind(x) for x in inputs])
    scale = max(1.0, float(expected.detach().abs().max()))
    np.testing.assert_allclose(got, expected.detach().numpy(), atol=tolerance * scale)
    for grad, leaf in zip(grads, leaves):
        np.testing.assert_allclose(grad.numpy(), leaf.grad.numpy(), atol=tolerance * max(1.0, float(leaf.grad.abs().max())))
