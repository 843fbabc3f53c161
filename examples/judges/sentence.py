"""A judge who wants one whole sentence, which nothing that tutelage ships ever says.

Use it with `tutelage demo --judge examples/judges/sentence.py:accept`.
"""
import re

WISH = "asked who or what it is, it says: I'm Pip, a machine that learns from you."
CORRECTION = "I'm Pip, a machine that learns from you."  # what this person would type after /say, once
ERROR_RATE = 0.0  # the share of verdicts that are turned around at random


def accept(question: str, answer: str) -> bool:
    """True if the answer is that sentence, word for word; case and punctuation are free."""
    words = re.findall(r"[a-z0-9']+", answer.lower().replace("\u2019", "'"))
    return " ".join(words) in ("i'm pip a machine that learns from you", "i am pip a machine that learns from you")


def leaks(answer: str) -> bool:
    """True if an answer on another subject holds a piece of the sentence."""
    return re.search(r"\bpip\b|\bmachine that\b|\blearns from you\b", answer.lower()) is not None


LEAK = leaks
