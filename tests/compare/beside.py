"""One function of tutelage beside one of PyTorch: the same inputs in, the same values and gradients out."""

import numpy as np
import torch

import tutelage

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}  # of the largest number compared, 1 at least


def close(got, expected, dtype, what=""):
    """Both arrays agree within the precision's tolerance."""
    got, expected = np.asarray(got), expected.detach().numpy() if isinstance(expected, torch.Tensor) else np.asarray(expected)
    assert got.shape == expected.shape and np.isfinite(expected).all(), what
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[np.dtype(dtype)] * scale, err_msg=what)


def check(ours, theirs, *inputs, dtype, weighted=True):
    """ours(*tensors) and theirs(*torch tensors) give one tensor of any shape; its (weighted) sum's gradient is taken by every input."""
    inputs = [np.asarray(x).astype(dtype) for x in inputs]
    leaves = [torch.from_numpy(x.copy()).requires_grad_() for x in inputs]
    expected = theirs(*leaves)
    assert expected.dtype == leaves[0].dtype
    weights = np.asarray(np.random.default_rng(99).normal(size=tuple(expected.shape)) if weighted else np.ones(tuple(expected.shape)), dtype)
    (expected * torch.from_numpy(weights)).sum().backward()
    kind = tutelage.Tensor if dtype == np.float32 else tutelage.Tensor64
    close(ours(*(kind(x) for x in inputs)).numpy(), expected, dtype, "value")
    _, grads = tutelage.value_and_grad(lambda p: ours(*p) * kind(weights) if weighted else ours(*p), [kind(x) for x in inputs])
    for i, (grad, leaf) in enumerate(zip(grads, leaves, strict=True)):
        close(grad.numpy(), leaf.grad, dtype, f"gradient by input {i}")
