"""The same fragments, preferences and start for both sides: 50 steps of 3 numbers of state and 1 of action, a reward that is not linear in them."""

import numpy as np

STEPS, STATE, ACTION, HIDDEN, MEMBERS = 50, 3, 1, (32, 32), 3


def fragments(pairs):
    """states (2 N, T + 1, S), actions (2 N, T, A), true step rewards (2 N, T); fragments 2 i and 2 i + 1 are a pair."""
    rng = np.random.default_rng(5)
    states = rng.standard_normal((2 * pairs, STEPS + 1, STATE)).astype(np.float32)
    actions = rng.standard_normal((2 * pairs, STEPS, ACTION)).astype(np.float32)
    now = states[:, :-1]
    return states, actions, (0.3 * np.tanh(now[..., 0]) - 0.1 * now[..., 1] ** 2 + 0.1 * now[..., 2] * actions[..., 0]).astype(np.float32)


def preferences(rewards):
    """1 where the first of a pair is better."""
    returns = rewards.sum(axis=1)
    return (returns[0::2] > returns[1::2]).astype(np.float32)


def weights(member):
    """Weight and bias of each layer, uniform within +- 1 / sqrt(inputs)."""
    rng = np.random.default_rng(100 + member)
    sizes = (STATE + ACTION, *HIDDEN, 1)
    return [(rng.uniform(-1, 1, (out, into)).astype(np.float32) / np.sqrt(into, dtype=np.float32), rng.uniform(-1, 1, out).astype(np.float32) / np.sqrt(into, dtype=np.float32))
            for into, out in zip(sizes, sizes[1:])]
