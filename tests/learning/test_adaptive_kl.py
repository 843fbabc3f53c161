"""The coefficient that follows a target holds the KL there."""

import numpy as np

from tutelage import nn, optim, train


def test_mean_kl_is_six_nats():
    config = nn.TransformerConfig(vocab_size=24, max_positions=20, hidden_size=32, num_layers=1, num_heads=2, init_std=0.1)
    policy = nn.Transformer(config, seed=2)
    settings = train.PPOConfig(max_new_tokens=12, kl_coef=0.2, kl_target=6.0, kl_horizon=400, num_epochs=2, optimizer=optim.AdamWConfig(learning_rate=2e-3), seed=5)
    trainer = train.PPOTrainer(policy, settings)
    kls, coefficients = [], []

    def keep(progress):
        if progress.stage != "ppo":
            return
        kls.append(progress.metrics["kl"])
        coefficients.append(progress.metrics["kl_coef"])

    def reward(prompts, responses):
        return [sum(token < 6 for token in r) for r in responses]

    trainer.train([[1 + i % 7] for i in range(64)], reward, 200, progress=keep)
    print(f"KL of the last third {np.mean(kls[134:]):.2f}, coefficient {coefficients[-1]:.3f}")
    assert len(kls) == 200 and min(coefficients) > 0
    assert abs(np.mean(kls[134:]) - 6) < 0.6
