"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

import json
from importlib import resources

from . import io, nn
from ._core import (
    Alarm,
    AlarmConfig,
    Alarms,
    BehaviourJudgements,
    ChatbotConfig,
    fit_ensemble,
    fit_linear_reward,
    fit_state_reward,
    LinearRewardConfig,
    LinearRewardFit,
    own_answers,
    Pair,
    pair_accuracy,
    PPOConfig,
    PPOStats,
    PPOTrainer,
    RewardConfig,
    sft_loss,
    SFTConfig,
    SFTTrainer,
    state_reward_loss,
    StateRewardFit,
    StateRewardFitConfig,
    StepStats,
    TeachConfig,
    Teacher,
    TeachReport,
    train_chatbot,
    understand,
)

__all__ = [
    "Alarm", "AlarmConfig", "Alarms", "BehaviourJudgements", "ChatbotConfig", "LinearRewardConfig", "LinearRewardFit", "PPOConfig", "PPOStats",
    "PPOTrainer", "Pair", "RewardConfig", "SFTConfig", "SFTTrainer", "StateRewardFit", "StateRewardFitConfig", "StepStats", "TeachConfig",
    "TeachReport", "Teacher", "adapted", "fit_ensemble", "fit_linear_reward", "fit_state_reward", "own_answers", "pair_accuracy", "sft_loss",
    "state_reward_loss", "train_chatbot", "understand",
]


def adapted(model, lora=None, progress=None, should_stop=None):
    """A ChatModel that was trained elsewhere, ready for a Teacher with TeachConfig.for_adapter(): a fresh adapter on the last third of its layers, or as
    `lora` says, and, where it has no exchanges to rehearse, its own answers to general questions."""
    layers = model.transformer.config.num_layers
    lora = lora or nn.LoraConfig(rank=8, alpha=16, layers_to_transform=range(layers - max(1, layers // 3), layers))
    questions = json.loads(resources.files("tutelage").joinpath("data/questions.json").read_text(encoding="utf-8"))["rehearsed"]
    rehearsed = model.conversations or own_answers(model, questions, progress=progress, should_stop=should_stop)
    return io.ChatModel(model.transformer.with_lora(lora), model.tokenizer, rehearsed, model.ids)
