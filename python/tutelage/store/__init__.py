"""What people said, in one SQLite file: `tutelage.prefs.Store`."""

from .database import Answer, Item, Store
from .replay import Replay

__all__ = ["Answer", "Item", "Replay", "Store"]
