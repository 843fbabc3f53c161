"""The loops: supervised fine-tuning, reward models, PPO and its relatives, learning from preferences, and teaching a chatbot."""

from . import io, nn
from ._core import (
    Alarm,
    AlarmConfig,
    Alarms,
    BehaviourJudgements,
    best_of_n,
    BestAnswer,
    ChatbotConfig,
    DPOConfig,
    DPOTrainer,
    fit_ensemble,
    fit_linear_reward,
    fit_state_reward,
    GRPOConfig,
    GRPOTrainer,
    KTOConfig,
    KTOTrainer,
    Labelled,
    LinearRewardConfig,
    LinearRewardFit,
    own_answers,
    Pair,
    pair_accuracy,
    PolicyState,
    PolicyStats,
    PPOConfig,
    PPOState,
    PPOTrainer,
    Preference,
    PreferenceState,
    PreferenceStats,
    RejectionConfig,
    RejectionTrainer,
    RewardConfig,
    RewardState,
    RewardStats,
    RewardTrainer,
    RLOOConfig,
    RLOOTrainer,
    Rollout,
    sft_loss,
    SFTConfig,
    SFTState,
    SFTTrainer,
    prompt_places,
    shuffled,
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
    "Alarm", "AlarmConfig", "Alarms", "BehaviourJudgements", "BestAnswer", "ChatbotConfig", "DPOConfig", "DPOTrainer", "GRPOConfig",
    "GRPOTrainer", "HumanLoop", "KTOConfig", "KTOTrainer", "Labelled", "LinearRewardConfig", "LinearRewardFit", "PPOConfig", "PPOState",
    "PPOTrainer", "Pair", "PolicyState", "PolicyStats", "Preference", "PreferenceState", "PreferenceStats", "RLOOConfig",
    "RLOOTrainer", "RejectionConfig", "RejectionTrainer", "RewardConfig", "RewardState", "RewardStats", "RewardTrainer", "Rollout", "SFTConfig",
    "SFTState", "SFTTrainer", "StateRewardFit", "StateRewardFitConfig", "StepStats", "TeachConfig", "TeachReport", "Teacher", "adapted",
    "best_of_n", "fit_ensemble", "fit_linear_reward", "fit_state_reward", "own_answers", "pair_accuracy", "prompt_places", "sft_loss", "shuffled",
    "state_reward_loss", "train_chatbot", "understand",
]


def adapted(model, lora=None, progress=None, should_stop=None):
    """A ChatModel that was trained elsewhere, ready for a Teacher with TeachConfig.for_adapter(): a fresh adapter on the last third of its layers, or as
    `lora` says, and, where it has no exchanges to rehearse, its own answers to general questions."""
    import json
    from importlib import resources

    layers = model.transformer.config.num_layers
    lora = lora or nn.LoraConfig(rank=8, alpha=16, layers_to_transform=range(layers - max(1, layers // 3), layers))
    questions = json.loads(resources.files("tutelage").joinpath("data/rehearsed.json").read_text(encoding="utf-8"))
    rehearsed = model.conversations or own_answers(model, questions, 16, progress=progress, should_stop=should_stop)
    return io.ChatModel(model.transformer.with_lora(lora), model.tokenizer, rehearsed, model.ids)


def __getattr__(name):
    if name == "HumanLoop":  # people: loaded where they are asked
        from .rate import HumanLoop

        return HumanLoop
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
