"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

from ._core import (
    ChatbotConfig,
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
    pair_accuracy,
    sft_loss,
    train_chatbot,
    understand,
)

__all__ = [
    "ChatbotConfig", "HumanLoop", "Pair", "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport", "Teacher", "fit_ensemble", "pair_accuracy", "sft_loss", "train_chatbot", "understand",
]


def __getattr__(name):
    if name == "HumanLoop":  # people: loaded where they are asked
        from .rate import HumanLoop

        return HumanLoop
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
