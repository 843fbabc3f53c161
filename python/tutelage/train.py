"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    PPOConfig,
    PPOStats,
    PPOTrainer,
    RewardConfig,
    SFTConfig,
    SFTTrainer,
    StepStats,
    TeachConfig,
    Teacher,
    TeachReport,
    sft_loss,
    understand,
)

__all__ = [
    "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "sft_loss", "understand",
]
