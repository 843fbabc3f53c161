"""Tokenizers and chat turns."""

from ._core import Example, Tokenizer, render_example, train_chat_tokenizer

__all__ = ["Example", "Tokenizer", "render_example", "train_chat_tokenizer"]
