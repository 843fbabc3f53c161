"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    ChatbotConfig,
    Pair,
    PPOConfig,
    PolicyStats,
    PPOTrainer,
    RewardConfig,
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
    "ChatbotConfig", "Pair", "PPOConfig", "PolicyStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "fit_ensemble", "pair_accuracy", "sft_loss", "train_chatbot", "understand",
]
