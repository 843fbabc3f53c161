"""The loops: supervised fine-tuning, PPO, and teaching a chatbot."""

import json
from importlib import resources

from . import io, nn
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
    own_answers,
    pair_accuracy,
    sft_loss,
    train_chatbot,
    understand,
)

__all__ = [
    "ChatbotConfig", "Pair", "PPOConfig", "PPOStats", "PPOTrainer", "RewardConfig", "SFTConfig", "SFTTrainer", "StepStats", "TeachConfig", "TeachReport",
    "Teacher", "adapted", "fit_ensemble", "own_answers", "pair_accuracy", "sft_loss", "train_chatbot", "understand",
]


def adapted(model, lora=None, progress=None, should_stop=None):
    """A ChatModel that was trained elsewhere, ready for a Teacher with TeachConfig.for_adapter(): a fresh adapter on the last third of its layers, or as
    `lora` says, and, where it has no exchanges to rehearse, its own answers to general questions."""
    layers = model.transformer.config.num_layers
    lora = lora or nn.LoraConfig(rank=8, alpha=16, layers_to_transform=range(layers - max(1, layers // 3), layers))
    questions = json.loads(resources.files("tutelage").joinpath("data/questions.json").read_text(encoding="utf-8"))["rehearsed"]
    rehearsed = model.conversations or own_answers(model, questions, progress=progress, should_stop=should_stop)
    return io.ChatModel(model.transformer.with_lora(lora), model.tokenizer, rehearsed, model.ids)
