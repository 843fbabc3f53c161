"""Losses and estimators beside plain PyTorch, values and gradients, on random cases in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tutelage
from tutelage import reward, rl


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def compare(ours, theirs, *inputs):
    """Both take the same inputs; values and gradients by the first ones must agree."""
    leaves = [torch.from_numpy(x.copy()).requires_grad_() for x in inputs]
    expected = theirs(*leaves)
    expected.backward()
    value, grads = tutelage.value_and_grad(lambda p: ours(*p), list(inputs))
    assert value == pytest.approx(expected.item(), abs=1e-12)
    for grad, leaf in zip(grads, leaves):
        np.testing.assert_allclose(grad.numpy(), leaf.grad.numpy(), atol=1e-12)


@pytest.fixture(params=range(5))
def seed(request):
    return request.param


@pytest.fixture
def mask(seed):
    mask = (draw(seed + 50, 4, 6) > -0.8).astype(float)
    mask[:, 0] = 1
    return mask


def mean(x, mask):
    return (x * torch.from_numpy(mask)).sum() / mask.sum()


def test_ppo_policy_loss(seed, mask):
    old, advantages = draw(seed, 4, 6) - 2, draw(seed + 1, 4, 6)

    def theirs(logprobs):
        ratio, a = torch.exp(logprobs - torch.from_numpy(old)), torch.from_numpy(advantages)
        return mean(torch.maximum(-a * ratio, -a * torch.clip(ratio, 0.8, 1.3)), mask)

    compare(lambda l: rl.ppo_policy_loss(l, old, advantages, mask, 0.2, 0.3)[0], theirs, old + 0.3 * draw(seed + 2, 4, 6))


def test_ppo_value_loss(seed, mask):
    old, returns = draw(seed, 4, 6), draw(seed + 1, 4, 6)

    def theirs(values):
        o, r = torch.from_numpy(old), torch.from_numpy(returns)
        clipped = o + torch.clip(values - o, -0.2, 0.2)
        return 0.5 * mean(torch.maximum((values - r) ** 2, (clipped - r) ** 2), mask)

    compare(lambda v: rl.ppo_value_loss(v, old, returns, mask)[0], theirs, old + 0.3 * draw(seed + 2, 4, 6))


def test_bradley_terry_loss(seed):
    margin, p = np.abs(draw(seed, 9)), 1 / (1 + np.exp(-draw(seed + 1, 9)))

    def theirs(chosen, rejected):
        d, q = chosen - rejected - torch.from_numpy(margin), torch.from_numpy(p)
        return (-q * F.logsigmoid(d) - (1 - q) * F.logsigmoid(-d)).mean() + 0.01 * ((chosen + rejected) ** 2).mean()

    compare(lambda c, r: reward.bradley_terry_loss(c, r, margin, p, 0.01), theirs, draw(seed + 2, 9), draw(seed + 3, 9))


@pytest.mark.parametrize("loss_type", ["sigmoid", "hinge"])
def test_dpo_loss(seed, loss_type):
    reference = draw(seed, 9), draw(seed + 1, 9)

    def theirs(chosen, rejected):
        d = 0.3 * ((chosen - torch.from_numpy(reference[0])) - (rejected - torch.from_numpy(reference[1])))
        return (-F.logsigmoid(d) if loss_type == "sigmoid" else torch.relu(1 - d)).sum()

    compare(lambda c, r: rl.dpo_loss(c, r, *reference, beta=0.3, loss_type=loss_type)[0], theirs, draw(seed + 2, 9), draw(seed + 3, 9))


def test_whiten_and_kl(seed, mask):
    x = draw(seed, 4, 6)
    kept = torch.from_numpy(x[mask == 1])
    expected = np.zeros((4, 6))
    expected[mask == 1] = ((kept - kept.mean()) / torch.sqrt(kept.var(unbiased=False) + 1e-8)).numpy()
    np.testing.assert_allclose(rl.whiten(x, mask), expected, atol=1e-12)
    logits, reference = draw(seed + 1, 5, 11), draw(seed + 2, 5, 11)
    p, q = (torch.log_softmax(torch.from_numpy(v), -1) for v in (logits, reference))
    np.testing.assert_allclose(rl.full_kl(logits, reference), F.kl_div(q, p, reduction="none", log_target=True).sum(-1).numpy(), atol=1e-12)
