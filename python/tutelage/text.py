"""Tokenizers and chat turns."""

from . import _hub
from ._core import (
    Example,
    Tokenizer,
    TokenizerConfig,
    TokenizerData,
    chat_template_jinja,
    chat_template_names,
    end_of_answer,
    render_example,
    train_chat_tokenizer,
)
from .templates import find_built_in

__all__ = [
    "Example", "Tokenizer", "TokenizerConfig", "TokenizerData", "chat_template_jinja", "chat_template_names", "end_of_answer", "find_built_in",
    "render_example", "train_chat_tokenizer",
]

Tokenizer.from_pretrained = _hub.Habit("from_pretrained", "tutelage.text.Tokenizer.load(folder)")
