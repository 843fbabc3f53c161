"""Arguments, exit codes and errors of the command line. 0: done, 1: it failed, 2: it was called wrongly."""

import argparse
import sys

import tutelage

from .screen import visible


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
    chat.add_argument("--threads", type=number(int, 0, 4096), default=0, help="0: all")

    from .rate import add_parsers

    add_parsers(commands, number)
    commands.add_parser("doctor", help="what this machine gives")
    return p


def main(argv=None):
    args = parser().parse_args(argv)
    try:
        if getattr(args, "threads", 0):
            tutelage.set_num_threads(args.threads)
        if args.command == "demo":
            from .demo import run
        elif args.command == "chat":
            from .chat import run
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
