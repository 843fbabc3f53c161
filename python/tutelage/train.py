"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    ChatbotConfig,
    Pair,
    PPOConfig,
    PPOStats,
    PPOTrainer,
    RewardConfig,
    RewardTrainer,
    SFTConfig,
    SFTTrainer,
    StepStats,
    TeachConfig,
    Teacher,
    TeachReport,
    fit_ensemble,
    pair_accuracy,
    sft_loss,
    train_chatbot,
    understand,
)

__all__ = [
    "ChatbotConfig", "Pair", "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "RewardTrainer", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "fit_ensemble", "pair_accuracy", "sft_loss", "train_chatbot", "understand",
]
