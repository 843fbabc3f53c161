"""Commands, exit codes and errors of the command line. 0: done, 1: it failed, 2: it was called wrongly."""

import argparse
import importlib
import sys

import tutelage

from .._outside import did_you_mean
from .flags import Misused, flag
from .screen import visible

COMMANDS = {  # what each does, and the module that has its arguments(p, command) and run(args): loaded where it is asked
    "demo": ("train a small chatbot and teach it, in about two minutes", "demo"),
    "chat": ("talk to a model", "chat"),
    "rate": ("judge answers, in the terminal or on a page", "rate"),
    "sft": ("supervised fine-tuning on answers", "training"),
    "reward": ("a reward model from pairs", "training"),
    "ppo": ("PPO against a reward", "training"),
    "rloo": ("REINFORCE with leave-one-out baselines", "training"),
    "grpo": ("group-relative policy optimisation", "training"),
    "dpo": ("direct preference optimisation from pairs", "training"),
    "kto": ("Kahneman-Tversky optimisation from single answers with labels", "training"),
    "inspect": ("the worst answers of a run's last evaluation", "looking"),
    "compare": ("which of two models or runs answers better", "looking"),
    "check": ("what is in a file of training data, and what is wrong with it; 1 where it spoils training", "looking"),
    "report": ("a run, or two beside each other, as one HTML page", "looking"),
    "export": ("write judgements to a file", "judgements"),
    "import": ("read judgements from a file into a store", "judgements"),
    "erase": ("remove all that a rater gave", "judgements"),
    "stats": ("how far raters agree with what is known, with themselves and with each other", "judgements"),
    "doctor": ("what this machine gives", "doctor"),
}


def module_of(command):
    return importlib.import_module(f".{COMMANDS[command][1]}", __package__)


def parse(argv):
    """argparse's errors, with the nearest name for a flag that is unknown."""
    p = argparse.ArgumentParser(prog="tutelage", description="Trains small language models from human judgement.")
    p.add_argument("--version", action="version", version=tutelage.__version__)
    commands = p.add_subparsers(dest="command", required=True)
    asked = next((word for word in argv if not word.startswith("-")), None)
    for command, (what, _) in COMMANDS.items():
        one = commands.add_parser(command, help=what, description=what[0].upper() + what[1:] + ".", allow_abbrev=False)
        if command == asked:
            module_of(command).arguments(one, command)
    args, unknown = p.parse_known_args(argv)
    if unknown:
        word = unknown[0].partition("=")[0]
        known = [name for action in commands.choices[args.command]._actions for name in action.option_strings]
        hint = did_you_mean(word.lstrip("-").replace("-", "_"), [name.lstrip("-").replace("-", "_") for name in known], flag) if word.startswith("--") else ""
        p.error(f"unknown argument: got {visible(unknown[0])}" + (f".{hint}" if hint else ""))
    return args


def main(argv=None):
    args = parse(sys.argv[1:] if argv is None else list(argv))
    try:
        if getattr(args, "threads", 0):
            tutelage.set_num_threads(args.threads)
        return module_of(args.command).run(args)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 1
    except (tutelage.Error, OSError, UnicodeDecodeError) as error:
        print(f"tutelage: {visible(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, Misused) else 1


if __name__ == "__main__":
    sys.exit(main())
