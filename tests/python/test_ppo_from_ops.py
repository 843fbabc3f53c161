"""PPO from public ops, in the examples, computes what the trainer does."""

import importlib.util
from pathlib import Path

import numpy as np

from tutelage import train

PATH = Path(__file__).resolve().parents[2] / "examples/python/ppo_from_ops.py"


def test_ten_steps_have_the_trainers_losses_bit_for_bit():
    spec = importlib.util.spec_from_file_location("ppo_from_ops", PATH)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    assert len(PATH.read_text().splitlines()) < 200
    config = train.PPOConfig(
        max_new_tokens=example.MAX_NEW_TOKENS, stop_ids=[example.STOP_ID], temperature=example.TEMPERATURE, seed=example.SEED, kl_coef=example.KL_COEF,
        gamma=example.GAMMA, gae_lambda=example.GAE_LAMBDA, num_epochs=example.NUM_EPOCHS, clip_range=example.CLIP_RANGE,
        clip_range_value=example.CLIP_RANGE_VALUE, vf_coef=example.VF_COEF, optimizer=example.OPTIMIZER,
    )
    trainer = train.PPOTrainer(example.starting_policy(), config)
    ours = example.PPO(example.starting_policy())
    asked = example.prompts()
    for _ in range(10):
        answers = trainer.generate(asked)
        assert [a.ids for a in answers] == [a.ids for a in ours.generate(asked)]
        scores = example.score(answers)
        stats = trainer.step(asked, answers, scores)
        assert ours.step(asked, answers, scores) == [stats.policy_loss, stats.value_loss]
    assert stats.updates == 2 and stats.value_loss != 0
    for name, mine in ours.model["policy"].parameters().items():
        assert np.array_equal(mine.numpy(), trainer.policy.parameters()[name].numpy()), name
