"""Settings by name: of a run, and of each trainer; unknown ones are refused with the nearest."""

import dataclasses

from .. import _core, nn, optim, train
from .._outside import did_you_mean

NESTED = {"optimizer": optim.AdamWConfig}  # whose fields stand beside the trainer's own


def refuse_unknown(name, known, where):
    """Raises ConfigError for a name that is not among the known ones."""
    if name not in known:
        raise _core.ConfigError(f"{where}: unknown argument: got {name}, expected one that {where} has.{did_you_mean(name, known)}")


@dataclasses.dataclass
class RunConfig:
    """When a run evaluates, saves and stops; names are those of TRL's arguments."""

    eval_steps: int = 0  # steps between evaluations; 0: at the end alone
    save_steps: int = 0  # steps between checkpoints; 0: at each evaluation
    save_total_limit: int = 2  # checkpoints that are kept beside the best; 0: all
    load_best_model_at_end: bool = False  # model/ is that of the best evaluation, not of the last step
    early_stopping_patience: int = 0  # evaluations in a row without a better one, after which the run ends; 0: never
    eval_samples: int = 64  # answers of an evaluation that samples.jsonl keeps
    long_prompts: str = "error"  # or "skip": rows that the model cannot hold are left out

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            kind = type(field.default)
            if kind in (int, float) and not isinstance(value, bool) and isinstance(value, (int, float)) and value >= 0 and kind(value) == value:
                continue
            if kind is bool and isinstance(value, bool) or field.name == "long_prompts" and value in ("error", "skip"):
                continue
            expected = '"error" or "skip"' if kind is str else "true or false" if kind is bool else "a whole number, 0 or more" if kind is int else "a number, 0 or more"
            raise _core.ConfigError(f"{type(self).__name__}: {field.name} is out of range: got {value!r}, expected {expected}.")

@dataclasses.dataclass
class OnlineRunConfig(RunConfig):
    """The same where answers are sampled while training: PPO, RLOO, GRPO."""

    iterations: int = 100  # steps of the trainer, each on fresh answers
    reward_timeout: float = 0.0  # seconds that a reward function may take for a step; 0: any


ONLINE = ("ppo", "rloo", "grpo")


def run_config(kind):
    return OnlineRunConfig if kind in ONLINE else RunConfig


def config_class(kind):
    """The configuration of a trainer: sft, reward, ppo, ..."""
    return {
        "sft": "SFTConfig", "reward": "RewardConfig", "ppo": "PPOConfig", "rloo": "RLOOConfig", "grpo": "GRPOConfig", "dpo": "DPOConfig", "kto": "KTOConfig",
    }[kind]


def make_configs(kind, settings):
    """(the trainer's configuration, the run's, the adapter's or None) from one flat dict, the optimiser's fields beside the others.

    Raises ConfigError for an unknown name (with the nearest) or a value of another type.
    """
    config, lora, of_run = getattr(train, config_class(kind))(), None, {}
    known, run_names = names(config), run_names_of(kind)
    for name, value in settings.items():
        if name in run_names:
            of_run[name] = value
            continue
        if name == "lora":
            lora = nn.LoraConfig()
            for key, part in dict(value).items():
                refuse_unknown(key, lora.fields, "LoraConfig")
                _set(lora, key, part, "LoraConfig")
            continue
        refuse_unknown(name, [*known, *run_names, "lora"], kind)
        _set(config if name in config.fields else getattr(config, known[name]), name, value, config_class(kind))
    config.validate()
    if lora:
        lora.validate()
    return config, run_config(kind)(**of_run), lora


def run_names_of(kind):
    return [f.name for f in dataclasses.fields(run_config(kind))]


def _set(config, name, value, where):
    try:
        setattr(config, name, value)
    except TypeError:
        raise _core.ConfigError(f"{where}: {name} has another type: got {value!r}, expected one like {getattr(config, name)!r}.") from None


def names(config):
    """Every name that may be set -> the nested configuration that it belongs to, "" for the trainer's own."""
    found = {name: "" for name in config.fields if name not in NESTED}
    for part in NESTED:
        if part in config.fields:
            found |= {name: part for name in getattr(config, part).fields}
    return found


def plain(config):
    """The configuration as a flat dict that make_config reads."""
    return {name: getattr(getattr(config, part) if part else config, name) for name, part in names(config).items()}
