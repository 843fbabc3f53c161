"""Models, tensors and conversations in files."""

from . import _core, _hub
from ._core import (
    ChatModel,
    Pretrained,
    TokenIds,
    load_checkpoint,
    read_conversations,
    read_gguf_tokenizer,
    read_llama2c_tokenizer,
    read_safetensors,
    save_checkpoint,
    save_model,
    save_pretrained,
    write_conversations,
    write_safetensors,
)

__all__ = [
    "ChatModel", "Pretrained", "TokenIds", "load_checkpoint", "load_model", "load_pretrained", "read_conversations", "read_gguf_tokenizer",
    "read_llama2c_tokenizer", "read_safetensors", "save_checkpoint", "save_model", "save_pretrained", "write_conversations", "write_safetensors",
]


def load_model(path):
    """Reads a chatbot: transformer, tokenizer and the exchanges it rehearses; from a folder, a .gguf file, llama2.c's .bin with its tokenizer beside it,
    or by "owner/name" from Hugging Face's local cache."""
    return _core.load_model(_hub.find(path, "load_model"))


def load_pretrained(path):
    """Reads a model with its token ids, and its head where it is a sequence classifier of one label: from a folder, a .gguf file, llama2.c's .bin,
    or by "owner/name" from Hugging Face's local cache."""
    return _core.load_pretrained(_hub.find(path, "load_pretrained"))
