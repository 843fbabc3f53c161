"""What people said, in one SQLite file: `tutelage.prefs.Store`."""

from .database import Answer, Item, Store

__all__ = ["Answer", "Item", "Store"]
