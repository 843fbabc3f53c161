"""Models by name in Hugging Face's local cache, and the habits that other libraries teach."""

import os

from . import _core


def cache_folder():
    """Where huggingface_hub keeps models: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface")
    return os.path.expanduser(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub"))


def find(path, function):
    """A path as it is; the folder of "owner/name" (or "name") in the cache, at the commit that its main branch had when it was fetched."""
    path = os.fspath(path)
    parts = path.split("/")
    if os.path.exists(path) or len(parts) > 2 or not all(parts) or path.startswith((".", "~")) or path.endswith((".gguf", ".bin")):
        return path
    repository = os.path.join(cache_folder(), "--".join(["models", *parts]))
    try:
        with open(os.path.join(repository, "refs", "main"), encoding="utf-8") as file:
            commit = file.read().strip()
    except OSError:
        raise _core.IoError(
            f"{function}: no such model: got {path!r}, expected a folder, a .gguf or .bin file, or a model in the cache {cache_folder()}. "
            f"tutelage downloads nothing; `hf download {path}` fetches it."
        ) from None
    snapshot = os.path.join(repository, "snapshots", commit)
    if "/" in commit or not os.path.isdir(snapshot):
        raise _core.IoError(f"{function}: the cache lacks a snapshot: got {snapshot}, expected a folder. `hf download {path}` fetches it again.")
    return snapshot


class Habit:
    """A name that another library has: reading it is an AttributeError that names the right call."""

    def __init__(self, name, instead):
        self.name, self.instead = name, instead

    def __get__(self, instance, owner):
        raise AttributeError(f"{owner.__name__}.{self.name}: no such attribute: expected {self.instead}", name=self.name, obj=owner)
