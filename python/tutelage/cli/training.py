"""`tutelage sft | reward | ppo | rloo | grpo | dpo`: a run from a YAML file, flags, or both; flags win."""

import dataclasses
import json
import sys
import warnings

from .. import ConfigError, IoError, _core, nn
from ..runs import Folder, resume, start
from ..runs import config as settings_of
from .flags import Misused, as_json, flag, threads
from .screen import Interrupt, Progress, visible

GIVEN = {  # of runs.start, beside the settings
    "model": "a folder, a .gguf file, or owner/name in Hugging Face's local cache",
    "data": "JSON lines, JSON, CSV or YAML, with TRL's columns",
    "eval_data": "held-out rows of the same kind",
    "out": "the run's folder",
}
REWARDS = {
    "reward": "FILE.py:function(prompts, completions, **columns) or a run of `tutelage reward`; several are added; NAME*0.5 weighs one",
    "eval_reward": "read at evaluations alone, and by early stopping",
}
SHOWN = ("loss", "reward", "kl", "rewards/accuracies", "grad_norm")  # the numbers beside the progress bar


def arguments(p, kind):
    """Every field of the configurations of a kind of run is a flag."""
    p.add_argument("--config", metavar="FILE.yaml", help="settings by name, as the flags have them with _ for -")
    for name, text in (GIVEN | REWARDS if kind in settings_of.ONLINE else GIVEN).items():
        p.add_argument(flag(name), dest=name, help=text, **({"action": "append"} if name in REWARDS else {}))
    p.add_argument("--resume", action="store_true", help="go on with the run in --out, to the bytes of one that was never stopped")
    as_json(p)
    threads(p)
    group = p.add_argument_group("settings")
    for name, value in defaults(kind).items():
        group.add_argument(flag(name), dest="set_" + name, metavar="VALUE", help=f"default {value!r}")


def defaults(kind):
    """Every setting and its default; the adapter's as lora.rank and so on."""
    from .. import train

    found = settings_of.plain(getattr(train, settings_of.config_class(kind))())
    found |= {f.name: f.default for f in dataclasses.fields(settings_of.run_config(kind))}
    lora = nn.LoraConfig()
    return found | {f"lora.{name}": getattr(lora, name) for name in lora.fields}


def read_config(path):
    """A YAML mapping. Raises IoError."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            found = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise IoError(f"--config: {path} cannot be read: got {error}, expected YAML.") from error
    if not isinstance(found, dict):
        raise IoError(f"--config: {path} is no mapping: got {type(found).__name__}, expected names and values.")
    return found


def value_of(name, text, like):
    """A flag's text as the type of the setting."""
    import yaml

    if isinstance(like, str):
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    if isinstance(value, str) and isinstance(like, float):  # YAML 1.1 reads 1e-3 as text
        try:
            value = float(value)
        except ValueError:
            pass
    if isinstance(like, list) and not isinstance(value, list):
        value = [yaml.safe_load(v) for v in value.split(",")] if isinstance(value, str) else [value]
    return value


def settings(args, kind):
    """What --config and the flags say: (what is given to start, the settings). Raises ConfigError for an unknown key."""
    known = defaults(kind)
    given = {name: getattr(args, name, None) for name in [*GIVEN, *REWARDS]}
    found = {}
    for name, value in (read_config(args.config) if args.config else {}).items():
        if name in given:
            given[name] = value if given[name] is None else given[name]
        else:
            settings_of.refuse_unknown(name, [*given, *known, "lora"], kind)
            like = known.get(name)
            found[name] = value_of(name, value, like) if isinstance(value, str) and not isinstance(like, str) else value
    for name, like in known.items():
        text = getattr(args, "set_" + name)
        if text is not None:
            top, _, inner = name.partition(".")
            if inner:
                found[top] = {**found.get(top, {}), inner: value_of(name, text, like)}
            else:
                found[name] = value_of(name, text, like)
    return given, found


def weighed(specs):
    """FILE.py:function*0.5 as {"reward", "weight"}."""
    found = []
    for spec in specs if isinstance(specs, list) else [specs]:
        if isinstance(spec, str) and "*" in spec:
            name, _, weight = spec.rpartition("*")
            try:
                spec = {"reward": name, "weight": float(weight)}
            except ValueError:
                raise ConfigError(f"--reward: no weight: got {weight!r}, expected FILE.py:function*NUMBER.") from None
        found.append(spec)
    return found


def run(args):
    kind = args.command
    given, found = settings(args, kind)
    if not given["out"]:
        raise Misused("--out is missing: got none, expected a folder for the run.")
    rewards, eval_rewards = (weighed(given[n]) if given.get(n) else None for n in ("reward", "eval_reward"))
    shown = Progress(quiet=args.json)
    with Interrupt() as stop:
        how = {"progress": lambda *x: shown(Step(kind, *x)), "should_stop": stop, "callbacks": [] if args.json else [tell]}
        if args.resume:
            if found:
                raise ConfigError(f"--resume goes on with the run's own settings: got {', '.join(found)}, expected none.")
            begun = Folder(given["out"]).info()["kind"]
            if begun != kind:
                raise ConfigError(f"--resume: the run is of another kind: got {kind}, expected {begun}. tutelage {begun} --resume goes on with it.")
            job = resume(given["out"], **{name: given[name] for name in ("model", "data", "eval_data")}, rewards=rewards, eval_rewards=eval_rewards, **how)
        else:
            for name in ("model", "data", *(("reward",) if kind in settings_of.ONLINE else ())):
                if not given[name]:
                    raise Misused(f"--{name} is missing: got none, expected {(GIVEN | REWARDS)[name]}.")
            job = start(
                kind, given["model"], given["data"], given["out"], eval_data=given["eval_data"], rewards=rewards, eval_rewards=eval_rewards, **how, **found
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # tell() says them, and metrics.jsonl keeps them
            result = job.train()
    if args.json:
        print(json.dumps({**_plain(result), "out": given["out"]}))
    else:
        print(f"{'Done' if result['finished'] else 'Stopped; --resume goes on'}: {given['out']}/model")
    return 0


class Step:
    """One report, as screen.Progress shows them."""

    def __init__(self, stage, done, total, row):
        self.stage, self.done, self.total = stage, done, total
        self.metrics = {name: row[name] for name in SHOWN if name in row}


def tell(event, row):
    if event == "warning":
        print(("\r\x1b[K" if sys.stderr.isatty() else "") + f"step {row['step']}: {visible(row['warning'])}", file=sys.stderr, flush=True)
    if event == "evaluate":
        numbers = "  ".join(f"{k.removeprefix('eval_')} {v:.4g}" for k, v in row.items() if isinstance(v, float) and k.startswith("eval_"))
        print(("\r\x1b[K" if sys.stderr.isatty() else "") + f"step {row['step']}: {numbers}", flush=True)


def _plain(row):
    from ..runs.folder import finite

    return finite(row)
