"""A run from plain settings: what the command line and notebooks call."""

import dataclasses
import os
import warnings

from .. import _core, io
from .config import ONLINE, make_configs, plain
from .folder import Folder, digest, model_digest
from .rewards import UNKNOWN
from .rows import read_rows
from .run import Run

KINDS = ("sft", "reward", "ppo", "rloo", "grpo", "dpo", "kto")


def start(kind, model, data, out, *, eval_data=None, rewards=None, eval_rewards=None, callbacks=(), progress=None, should_stop=None, **settings):
    """Prepares a run in the new folder `out`; `.train()` runs it. Everything is checked before the first step.

    kind: sft, reward, ppo, rloo, grpo, dpo or kto. model: a folder or file that io.load_model reads, or a ChatModel. data, eval_data: see read_rows.
    rewards, eval_rewards (ppo, rloo, grpo): one or a list of functions f(prompts, completions, **columns), "FILE.py:function", reward models or runs
    of one, or {"reward": one of these, "weight": w}. settings: fields of the trainer's configuration, its optimiser's and RunConfig's, and lora={...}.
    eval_rewards, read at evaluations only, decide early stopping; without them rewards do.
    Raises StateError where `out` holds a run; ConfigError, ValueError, ShapeError, IoError.
    """
    folder = Folder(out)
    if folder.exists():
        raise _core.StateError(f"start: the folder holds a run: got {folder.path}, expected a new one. `--resume` (runs.resume) goes on with it.")
    task, info = _prepare(kind, model, data, eval_data, rewards, eval_rewards, settings)
    return Run(folder, task, info, callbacks, progress, should_stop)


def resume(out, *, model=None, data=None, eval_data=None, rewards=None, eval_rewards=None, callbacks=(), progress=None, should_stop=None):
    """The run in `out`, gone on with from its last whole checkpoint; `.train()` runs it, to the bytes of the run that was never stopped.

    What was given to start as a path is read again; what was an object must be given again. Raises StateError where model, data or rewards differ.
    """
    folder = Folder(out)
    info = folder.info()
    given = {"model": model, "data": data, "eval_data": eval_data, "rewards": rewards, "eval_rewards": eval_rewards}
    for name, value in given.items():
        if value is None:
            if info["given"][name] == "object":
                raise _core.StateError(f"resume: {name} was no path: got nothing, expected {name}= as it was given to start.")
            given[name] = info["given"][name]
    settings = info["settings"]
    task, now = _prepare(info["kind"], given["model"], given["data"], given["eval_data"], given["rewards"], given["eval_rewards"], settings)
    for name in ("model", "data", "eval_data", "rewards", "eval_rewards"):
        if digest(now["hashes"][name]) != digest(info["hashes"][name]):
            raise _core.StateError(f"resume: {name} is another than the run began with: got {now['hashes'][name]}, expected {info['hashes'][name]}.")
    for reward in [*(now["hashes"]["rewards"] or []), *(now["hashes"]["eval_rewards"] or [])]:
        if reward["identity"] == UNKNOWN:
            warnings.warn(f"resume: nobody can tell whether reward {reward['name']} is what the run began with: it is an object without code", stacklevel=2)
    return Run(folder, task, info, callbacks, progress, should_stop).resume()


def _prepare(kind, model, data, eval_data, rewards, eval_rewards, settings):
    """(the task, what run.json says)."""
    if kind not in KINDS:
        raise _core.ConfigError(f"start: unknown kind of run: got {kind}, expected one of {', '.join(KINDS)}.")
    config, run, lora = make_configs(kind, settings)
    if kind not in ONLINE and (rewards or eval_rewards):
        raise _core.ConfigError(f"start: {kind} takes no reward function: got rewards, expected none.")
    if kind in ONLINE and not rewards:
        raise _core.ConfigError(f"start: {kind} needs a reward: got none, expected rewards=.")
    chat = model if isinstance(model, io.ChatModel) else io.load_model(model)
    rows, eval_rows = read_rows(data, "data"), read_rows(eval_data, "eval_data") if eval_data is not None else None
    task = _task(kind, chat, rows, eval_rows, config, run, lora, rewards, eval_rewards)
    info = {
        "kind": kind, "seed": config.seed, "settings": settings, "config": plain(config), "run": dataclasses.asdict(run),
        "given": {"model": _path(model), "data": _path(data), "eval_data": _path(eval_data), "rewards": _paths(rewards), "eval_rewards": _paths(eval_rewards)},
        "hashes": {
            "model": model_digest(chat.transformer), "data": digest(rows), "eval_data": digest(eval_rows) if eval_rows is not None else None,
            "rewards": task.rewards.identities if kind in ONLINE else None, "eval_rewards": task.eval_rewards.identities if kind in ONLINE else None,
        },
        "rows": len(rows), "eval_rows": len(eval_rows or []),
    }
    return task, info


def _task(kind, chat, rows, eval_rows, config, run, lora, rewards, eval_rewards):
    from .online import Online
    from .tasks import DPO, KTO, SFT, Reward

    if kind in ONLINE:
        return Online(kind, chat, rows, eval_rows, config, run, lora, rewards, eval_rewards)
    return {"sft": SFT, "reward": Reward, "dpo": DPO, "kto": KTO}[kind](chat, rows, eval_rows, config, run, lora)


def _path(value):
    """A path as it can be given again; a name as it is; "object" for what is neither."""
    if isinstance(value, (str, os.PathLike)):
        return os.path.abspath(value) if os.path.exists(value) else os.fspath(value)
    return None if value is None else "object"


def _paths(specs):
    """Specs of rewards as they can be given again, or "object"."""
    if specs is None:
        return None
    specs = specs if isinstance(specs, (list, tuple)) else [specs]
    found = []
    for spec in specs:
        weighed = spec if isinstance(spec, dict) else {"reward": spec}
        if not isinstance(weighed.get("reward"), str):
            return "object"
        found.append({**weighed, "reward": os.path.abspath(weighed["reward"])})
    return found


def load_reward_model(folder):
    """(the reward model that a run left, its tokenizer.json). Raises IoError."""
    for base in (folder, os.path.join(folder, "model")):
        path = os.path.join(base, "reward")
        if os.path.isdir(path):
            with open(os.path.join(base, "tokenizer.json"), encoding="utf-8") as file:
                return _core.RewardModel.load(path), file.read()
    raise _core.IoError(f"reward: no reward model here: got {folder}, expected a run of `tutelage reward`, or its model folder.")
