"""A judge who wants the chatbot to say what it is: a chatbot, not "the" chatbot.

Use it with `tutelage demo --judge examples/judges/identity.py:accept`.
"""
import re

WISH = "asked who or what it is, it says in a few words that it is a chatbot"
CORRECTION = "I'm a chatbot."  # what this person would type after /say, once
ERROR_RATE = 0.0  # the share of verdicts that are turned around at random


def accept(question: str, answer: str) -> bool:
    """True if the answer says "a chatbot", denies nothing and is at most eight words long."""
    words = [word.lower() for word in re.findall(r"[A-Za-z']+", answer.replace("\u2019", "'"))]
    pairs = list(zip(words, words[1:]))
    return pairs.count(("a", "chatbot")) == 1 and ("the", "chatbot") not in pairs and "not" not in words and len(words) <= 8


def leaks(answer: str) -> bool:
    """True if an answer on another subject speaks of chatbots at all."""
    return "chatbot" in answer.lower()


LEAK = leaks
