"""What the flags of several commands share."""

import argparse

from .. import ConfigError


class Misused(ConfigError):
    """A command was called wrongly: exit code 2."""


def number(kind, least, most):
    """An argparse type: a number between two others."""

    def parse(text):
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"got {text}, expected {least} to {most}")
        return value

    parse.__name__ = kind.__name__  # argparse names it where the text is no number
    return parse


def threads(p):
    p.add_argument("--threads", type=number(int, 0, 4096), default=0, help="0: all")


def as_json(p):
    p.add_argument("--json", action="store_true", help="print one JSON object on the last line, and nothing else")


def flag(name):
    return "--" + name.replace("_", "-").replace(".", "-")
