"""Published and closed-form values of the estimators and losses."""

import numpy as np
import pytest

import tutelage
from tutelage import reward, rl


def close(got, want, tolerance=1e-6):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=0)


def test_gae():
    r, v = np.array([[-0.01, 0.02, -0.03, 1.04]]), np.array([[0.1, 0.2, 0.3, 0.4]])
    close(rl.gae(r, v)[0], [[0.815895, 0.7641, 0.678, 0.64]])
    close(rl.gae(r, v, gae_lambda=1.0)[0], [[0.92, 0.83, 0.71, 0.64]])
    x = np.array([[0.0, 0, 0, 1]])
    close(rl.gae(x, x, gamma=0.9)[1], [[0.657922, 0.7695, 0.9, 1.0]])


def test_gae_skips_what_is_masked_whatever_stands_there():
    r, v = np.array([[-0.01, 0.02, -0.03, 1.04]]), np.array([[0.1, 0.2, 0.3, 0.4]])
    nan = np.nan
    wide_r, wide_v = np.array([[nan, -0.01, 0.02, nan, -0.03, 1.04, nan]]), np.array([[nan, 0.1, 0.2, nan, 0.3, 0.4, nan]])
    mask = np.array([[0, 1, 1, 0, 1, 1, 0]])
    got = rl.gae(wide_r, wide_v, mask=mask)[0]
    close(got[mask == 1], rl.gae(r, v)[0][0], 0)
    close(got[mask == 0], 0)


def test_gae_ends():
    r, v = np.ones((1, 4)), np.full((1, 4), 0.5)
    ends = np.array([[0, 1, 0, 0]])
    terminated = rl.gae(r, v, 0.9, 0.8, terminated=ends)[0]
    close(terminated[0, 1], 0.5)
    truncated = rl.gae(r, v, 0.9, 0.8, truncated=ends, bootstrap=np.array([[0, 2.0, 0, 3.0]]))[0]
    close(truncated[0, 1], 1 + 0.9 * 2 - 0.5)
    close(truncated[0, 3], 1 + 0.9 * 3 - 0.5)


def test_whiten():
    x, mask = np.array([[1.0, 2, 3], [4, 6, 9]]), np.array([[1, 1, 1], [1, 1, 0]])
    got = rl.whiten(x, mask)
    close(got[mask == 1], [-1.278724, -0.697486, -0.116248, 0.464991, 1.627467])
    assert got[1, 2] == 0
    kept = rl.whiten(x, mask, keep_mean=True)
    close(kept[mask == 1].mean(), 3.2)


def test_adaptive_kl():
    kl = rl.AdaptiveKL(0.2, 6, 1e4)
    want = [0.198976, 0.1979572429, 0.1979572429, 0.1989707840, 0.1999895144]
    close([kl.update(x, 256) for x in (0, 3, 6, 9, 60)], want, 1e-9)


def test_kl_estimates():
    l, ref = np.array([-1.0, -2.0]), np.array([-1.5, -1.0])
    x = l - ref
    close(rl.kl_estimate(l, ref), x)
    close(rl.kl_estimate(l, ref, "k2"), x**2 / 2)
    close(rl.kl_estimate(l, ref, "k3"), np.exp(-x) - 1 + x, 1e-12)
    close(rl.kl_estimate(l, ref, "abs"), abs(x))
    a, b = np.random.default_rng(0).normal(size=(2, 5, 7))
    p, q = [np.exp(z) / np.exp(z).sum(-1, keepdims=True) for z in (a, b)]
    close(rl.full_kl(a, b), (p * np.log(p / q)).sum(-1), 1e-12)
    with pytest.raises(tutelage.ConfigError):
        rl.kl_estimate(l, ref, "k9")


def test_token_rewards():
    got = rl.token_rewards(np.array([2.0, 3.0]), np.array([[1.0, 1, 1], [1, 1, 1]]), np.array([[1, 1, 0], [1, 1, 1]]), 0.1)
    close(got, [[-0.1, 1.9, 0], [-0.1, -0.1, 2.9]])
    cut = rl.token_rewards(np.array([2.0]), np.ones((1, 2)), np.ones((1, 2)), 0.0, ended=np.array([0.0]), missing_eos="set", missing_eos_value=-1.0)
    close(cut, [[0, -1]])


def test_policy_loss():
    rho, a = np.array([[0.5, 1, 1.5]]), np.array([[1.0, -1, 2]])
    old = np.zeros((1, 3))
    loss, stats = rl.ppo_policy_loss(np.log(rho), old, a, np.ones((1, 3)))
    close(loss, -0.633333)
    close(stats["clip_fraction"], 1 / 3)
    loss, _ = rl.ppo_policy_loss(np.log([[0.5, 1, 10]]), old, np.array([[1.0, -1, -4]]), np.ones((1, 3)), dual_clip=3)
    close(loss, 4.166667)


def test_value_loss():
    loss, clipped = rl.ppo_value_loss(np.array([[0.9, 0.9, 0.1]]), np.full((1, 3), 0.5), np.array([[1, 0.2, 0.4]]), np.ones((1, 3)))
    close(loss, 0.1116666667, 1e-9)
    close(clipped, 1 / 3)


def test_aggregate():
    x = np.array([[1.0, 2, 0], [3, 4, 5], [7, 0, 0]])
    m = x > 0
    close(rl.aggregate(x, m), 3.6666667)
    close(rl.aggregate(x, m, "seq-mean-token-mean"), 4.1666667)
    close(rl.aggregate(x, m, "seq-mean-token-sum"), 7.3333333)
    close(rl.aggregate(x, m, "seq-mean-token-sum-norm", max_length=3), 2.4444444)
    assert rl.aggregate(x, np.zeros_like(x)) == 0
    parts = rl.aggregate(x[:1], m[:1], count=6) + rl.aggregate(x[1:], m[1:], count=6)
    close(parts, 3.6666667)


def test_groups():
    r = np.array([1.0, 6, 3, 2])
    close(rl.rloo_advantages(r, [0, 0, 0, 0]), [-2.666667, 4, 0, -1.333333])
    close(rl.grpo_advantages(r, [0, 0, 0, 0]), [-0.925777, 1.388666, 0, -0.462889])
    close(rl.grpo_advantages(r, [0, 0, 0, 0], scale="none"), [-2, 3, 0, -1])


def test_bradley_terry():
    c, r = np.array([1.2, 0.3, -0.5]), np.array([0.4, 0.9, -2.0])
    close(reward.bradley_terry_loss(c, r), 0.5366672981, 1e-9)
    close(reward.bradley_terry_loss(c, r, margin=np.array([0.5, 0, 1])), 0.6886400597, 1e-9)
    close(reward.bradley_terry_loss(np.array([0.8]), np.array([0.0]), probability=np.array([0.7])), 0.6111006659, 1e-9)
    t = tutelage.Tensor64(r)
    _, grad = tutelage.value_and_grad(lambda x: reward.bradley_terry_loss(x, t), tutelage.Tensor64(c))
    close(grad.numpy(), [-0.103342, -0.215219, -0.060809])


@pytest.mark.parametrize("name", ["policy", "value", "bradley_terry"])
def test_losses_have_the_right_gradients(name):
    rng = np.random.default_rng(1)
    mask = tutelage.Tensor64((rng.uniform(size=(3, 4)) < 0.8).astype(float))
    others = [tutelage.Tensor64(rng.normal(size=(3, 4)) * 0.3) for _ in range(2)]
    if name == "policy":
        f = lambda x: rl.ppo_policy_loss(x, *others, mask)[0]
    elif name == "value":
        f = lambda x: rl.ppo_value_loss(x, *others, mask)[0]
    else:
        f = lambda x: reward.bradley_terry_loss(*[tutelage.ops.reshape(t, [12]) for t in (x, others[0])], error_rate=0.1, center_coef=0.2)
    ok, worst, where = tutelage.gradcheck(f, [tutelage.Tensor64(rng.normal(size=(3, 4)) * 0.3)])
    assert ok, (worst, where)


def test_float32_in_gives_float32_out():
    r = np.ones((1, 3), np.float32)
    assert rl.gae(r, r)[0].dtype == np.float32
    assert rl.gae(r.astype(np.float64), r)[0].dtype == np.float64


def test_wrong_shapes_are_named():
    with pytest.raises(tutelage.ShapeError, match="expected"):
        rl.ppo_policy_loss(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 2)), np.ones((2, 3)))
    with pytest.raises(ValueError):
        rl.ppo_policy_loss(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3)))


def test_plain_lists_and_single_rows_are_taken():
    a, b = rl.gae([-0.01, 0.02, -0.03, 1.04], [0.1, 0.2, 0.3, 0.4], 1, 1)
    close(a, [0.92, 0.83, 0.71, 0.64])
    close(rl.gae([0, 0, 0, 1], [0, 0, 0, 1], 0.9, bootstrap=2)[0][-1], 1 + 0.9 * 2 - 1)
    close(rl.gae([[0, 0, 0, 1]], [[0, 0, 0, 1]], 0.9, bootstrap=2)[0][0, -1], 1 + 0.9 * 2 - 1)
    close(rl.token_rewards(2, [1, 1, 1], [1, 1, 0], 0.1), [-0.1, 1.9, 0])
    close(rl.ppo_policy_loss(np.log([0.5, 1, 1.5]), [0, 0, 0], [1, -1, 2], [1, 1, 1])[0], -0.633333)
    close(rl.ppo_value_loss([0.9, 0.9, 0.1], [0.5] * 3, [1, 0.2, 0.4], [True] * 3)[0], 0.1116666667, 1e-9)
    close(rl.aggregate([1, 2, 3], [1, 1, 0]), 1.5)
    close(rl.rloo_advantages([1, 6, 3, 2], np.zeros(4, int)), [-2.666667, 4, 0, -1.333333])
    close(rl.whiten([[1, 2, 3], [4, 6, float("nan")]], [[1, 1, 1], [1, 1, 0]], ddof=1)[1, 2], 0)
    kl = rl.kl_estimate([-1], [-2], "k3")
    close(kl, np.exp(-1))
    assert kl.dtype == np.float64
    with pytest.raises(tutelage.ValueError, match="NaN"):
        rl.ppo_policy_loss([0, float("nan")], [0, 0], [1, 1], [1, 1])
    assert rl.ppo_policy_loss([0, float("nan")], [0, 0], [1, 1], [1, 0])[0] == -1
    for option in ({"gamma": float("nan")}, {"gae_lambda": 1.5}):
        with pytest.raises(tutelage.ValueError):
            rl.gae([1.0], [1.0], **option)
    for update in ((float("nan"), 1), (1, -1), (1, float("nan"))):
        with pytest.raises(tutelage.ValueError):
            rl.AdaptiveKL(0.2, 6, 1e4).update(*update)
    for mode in ("seq-mean-token-mean", "seq-mean-token-sum"):
        assert rl.aggregate([[1.0, 2]], [[0, 0]], mode) == 0
