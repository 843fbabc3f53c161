"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    ChatbotConfig,
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
    train_chatbot,
    understand,
)

__all__ = [
    "ChatbotConfig", "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "sft_loss", "train_chatbot", "understand",
]
