"""Models and conversations in files."""

from ._core import ChatModel, load_model, read_conversations, save_model, write_conversations

__all__ = ["ChatModel", "load_model", "read_conversations", "save_model", "write_conversations"]
