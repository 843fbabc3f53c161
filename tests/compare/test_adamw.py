"""AdamW and clipping beside torch.optim.AdamW and clip_grad_norm_. They are float32 in Python; torch runs in both precisions."""

import numpy as np
import pytest
import torch

import tutelage
from tutelage import optim

SHAPES = [(7, 5), (5,), (3, 9)]


@pytest.mark.parametrize("max_grad_norm", [0, 1.0])
@pytest.mark.parametrize("weight_decay", [0, 0.1])
def test_twenty_steps(max_grad_norm, weight_decay, dtype, rng):
    """The same but for two things: torch adds 1e-6 to the norm, and vectors do not decay here."""
    values = [rng.normal(size=s).astype(np.float32) for s in SHAPES]
    ours, state = [tutelage.Tensor(v) for v in values], optim.AdamWState()
    config = optim.AdamWConfig(learning_rate=0.01, beta1=0.8, beta2=0.99, eps=1e-6, weight_decay=weight_decay, max_grad_norm=max_grad_norm)
    theirs = [torch.nn.Parameter(torch.from_numpy(v.astype(dtype))) for v in values]
    groups = [{"params": [p], "weight_decay": weight_decay if p.ndim == 2 else 0.0} for p in theirs]
    adamw = torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.99), eps=1e-6)
    clipped = 0
    for step in range(20):
        grads = [(rng.normal(size=s) * rng.choice([0.05, 1.0])).astype(np.float32) for s in SHAPES]
        factor = 1 / (1 + step)
        ours, norm = optim.adamw_step(ours, [tutelage.Tensor(g) for g in grads], state, config, factor)
        for p, g in zip(theirs, grads):
            p.grad = torch.from_numpy(g.astype(dtype))
        expected = torch.nn.utils.clip_grad_norm_(theirs, max_grad_norm or np.inf).item()
        assert abs(norm - expected) <= 1e-5 * expected
        clipped += norm > 1
        for group in adamw.param_groups:
            group["lr"] = 0.01 * factor
        adamw.step()
    assert 0 < clipped < 20
    assert state.step == 20
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=0, atol=1e-5)
