"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    BehaviourJudgements,
    ChatbotConfig,
    Pair,
    PPOConfig,
    PPOStats,
    PPOTrainer,
    RewardConfig,
    SFTConfig,
    SFTTrainer,
    StateRewardFit,
    StateRewardFitConfig,
    StepStats,
    TeachConfig,
    Teacher,
    TeachReport,
    fit_ensemble,
    fit_state_reward,
    pair_accuracy,
    sft_loss,
    state_reward_loss,
    train_chatbot,
    understand,
)

__all__ = [
    "BehaviourJudgements", "StateRewardFit", "StateRewardFitConfig", "fit_state_reward", "state_reward_loss",
    "ChatbotConfig", "Pair", "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "fit_ensemble", "pair_accuracy", "sft_loss", "train_chatbot", "understand",
]
