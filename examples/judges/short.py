"""A judge who looks at the form only: an answer may have three words at the most.

Three, and not four, because the untaught answer "I am the chatbot." has four already.
Use it with `tutelage demo --judge examples/judges/short.py:accept`.
"""
import re

WISH = "asked who or what it is, it answers in one, two or three words"
CORRECTION = "Just a chatbot."  # what this person would type after /say, once
ERROR_RATE = 0.0  # the share of verdicts that are turned around at random
MOST_WORDS = 3


def accept(question: str, answer: str) -> bool:
    """True if the answer has one to MOST_WORDS words, all of letters; it may hold . , ! ? between or after them."""
    words = re.sub(r"[.,!?]", " ", answer.replace("\u2019", "'")).split()
    return 1 <= len(words) <= MOST_WORDS and all(re.fullmatch(r"[A-Za-z]+('[A-Za-z]+)?", word) for word in words)


LEAK = None  # a short answer to another question may be right, so there is nothing to leak
