"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    Alarm,
    AlarmConfig,
    Alarms,
    ChatbotConfig,
    LinearRewardConfig,
    LinearRewardFit,
    Pair,
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
    fit_ensemble,
    fit_linear_reward,
    pair_accuracy,
    sft_loss,
    train_chatbot,
    understand,
)

__all__ = [
    "Alarm", "AlarmConfig", "Alarms", "ChatbotConfig", "LinearRewardConfig", "LinearRewardFit", "Pair", "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "fit_ensemble", "fit_linear_reward", "pair_accuracy", "sft_loss", "train_chatbot", "understand",
]
