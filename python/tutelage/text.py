"""Tokenizers and chat turns."""

from . import _hub
from ._core import Example, Tokenizer, render_example, train_chat_tokenizer

__all__ = ["Example", "Tokenizer", "render_example", "train_chat_tokenizer"]

Tokenizer.from_pretrained = _hub.Habit("from_pretrained", "tutelage.text.Tokenizer.load(folder)")
