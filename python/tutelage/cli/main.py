"""Arguments, exit codes and errors of the command line. 0: done, 1: it failed, 2: it was called wrongly."""

import argparse
import sys

import tutelage

from .._outside import did_you_mean
from . import training
from .screen import visible

TRAINERS = {
    "sft": "supervised fine-tuning on answers", "reward": "a reward model from pairs", "ppo": "PPO against a reward",
    "rloo": "REINFORCE with leave-one-out baselines", "grpo": "group-relative policy optimisation", "dpo": "direct preference optimisation from pairs",
    "kto": "Kahneman-Tversky optimisation from single answers with labels",
}


def number(kind, least, most):
    """An argparse type: a number between two others."""

    def parse(text):
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"got {text}, expected {least} to {most}")
        return value

    parse.__name__ = kind.__name__  # argparse names it where the text is no number
    return parse


def parser():
    p = argparse.ArgumentParser(prog="tutelage", description="Trains small language models from human judgement.")
    p.add_argument("--version", action="version", version=tutelage.__version__)
    commands = p.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", help="train a small chatbot and teach it, in about two minutes")
    demo.add_argument("--judge", metavar="FILE.py:FUNCTION", help='who judges: "simulated", or a function (question, answer) -> accepted; without it, you')
    demo.add_argument("--wish", choices=["identity", "sentence", "short"], default="identity", help="what the simulated judge wants")
    demo.add_argument("--data", metavar="PATH", help="other conversations: JSON lines in TRL's columns, or chatterbot-corpus YAML (a file or a folder)")
    demo.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0)
    demo.add_argument("--out", metavar="DIR", help="keep model, tokenizer, judgements, metrics and transcript here")
    demo.add_argument("--ablate", choices=["corrections", "judgements", "verdicts"], help="learn from one part alone")
    demo.add_argument("--error-rate", type=number(float, 0.0, 1.0), help="share of the simulated judge's verdicts that are turned round (default: the judge's own)")
    demo.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    demo.add_argument("--threads", type=number(int, 0, 4096), default=0, help="0: all")

    chat = commands.add_parser("chat", help="talk to a model")
    chat.add_argument("path", metavar="PATH", help="a folder, a .gguf file, llama2.c's .bin, or owner/name in Hugging Face's local cache")
    chat.add_argument("--max-new-tokens", type=number(int, 1, 1 << 20), help="of an answer; by default a quarter of what the model can hold, at most 128")
    chat.add_argument("--learn", action="store_true", help="let it be taught: /right, /wrong, /say TEXT, or say how humans would answer, in quotes")
    chat.add_argument("--out", metavar="DIR", help="keep what it learns here; by default in PATH, or for a file in NAME-taught")
    chat.add_argument("--threads", type=number(int, 0, 4096), default=0, help="0: all")

    for kind, text in TRAINERS.items():
        training.add(commands, kind, text)
    looking_commands(commands)
    from .rate import add_parsers

    add_parsers(commands, number)
    commands.add_parser("doctor", help="what this machine gives")
    return p


def looking_commands(commands):
    inspect = commands.add_parser("inspect", help="the worst answers of a run's last evaluation")
    inspect.add_argument("run", metavar="RUN")
    inspect.add_argument("--worst", type=number(int, 1, 1 << 20), default=20, metavar="N")
    inspect.add_argument("--best", type=number(int, 1, 1 << 20), metavar="N", help="the best ones instead")
    inspect.add_argument("--by", choices=["reward", "kl", "length"], default="reward")
    inspect.add_argument("--step", type=number(int, 0, 1 << 60), help="of the evaluation at this step; by default the last")
    compare = commands.add_parser("compare", help="which of two models or runs answers better")
    compare.add_argument("a", metavar="A", help="a run's folder, or a model")
    compare.add_argument("b", metavar="B")
    compare.add_argument("--judge", required=True, help="FILE.py:function(prompt, a, b) -> a, b or tie; or a reward, as `tutelage ppo` takes it")
    compare.add_argument("--prompts", required=True, metavar="FILE", help="held-out prompts")
    compare.add_argument("--start", metavar="MODEL", help="what KL and perplexity are measured by; by default the model that B's run began with")
    compare.add_argument("--max-new-tokens", type=number(int, 1, 1 << 20), default=64)
    compare.add_argument("--temperature", type=number(float, 0.01, 100), default=1.0)
    compare.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0)
    compare.add_argument("--least", type=number(int, 1, 1 << 30), default=50, metavar="N", help="no verdict on fewer prompts")
    check = commands.add_parser("check", help="what is in a file of training data, and what is wrong with it; 1 where it spoils training")
    check.add_argument("file", metavar="FILE")
    check.add_argument("--test", metavar="FILE", help="held-out data that must not share prompts")
    check.add_argument("--model", help="counts tokens with its tokenizer, against its context")
    check.add_argument("--max-new-tokens", type=number(int, 0, 1 << 20), default=0, help="room that a prompt must leave")
    report = commands.add_parser("report", help="a run, or two beside each other, as one HTML page")
    report.add_argument("runs", metavar="RUN", nargs="+")
    report.add_argument("--out", metavar="FILE.html", default="report.html")
    for p in (inspect, compare, check, report):
        p.add_argument("--json", action="store_true", help="print one JSON object")


def parse(argv):
    """argparse's errors, with the nearest name for a flag that is unknown."""
    p = parser()
    args, unknown = p.parse_known_args(argv)
    if unknown:
        word = unknown[0].partition("=")[0]
        hint = did_you_mean(word.lstrip("-").replace("-", "_"), getattr(args, "known", []), training.flag) if word.startswith("--") else ""
        p.error(f"unknown argument: got {visible(unknown[0])}" + (f".{hint}" if hint else ""))
    return args


def main(argv=None):
    args = parse(argv)
    try:
        if getattr(args, "threads", 0):
            tutelage.set_num_threads(args.threads)
        if args.command == "demo":
            from .demo import run
        elif args.command == "chat":
            from .chat import run
        elif args.command in TRAINERS:
            from .training import run
        elif args.command in ("inspect", "compare", "check", "report"):
            from . import looking

            run = getattr(looking, args.command)
        elif args.command == "rate":
            from .rate import run
        elif args.command == "export":
            from .rate import run_export as run
        elif args.command == "import":
            from .rate import run_import as run
        elif args.command == "erase":
            from .rate import run_erase as run
        else:
            from .doctor import run
        return run(args)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 1
    except (tutelage.Error, OSError, UnicodeDecodeError) as error:
        print(f"tutelage: {visible(str(error))}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
