"""The command line: tutelage demo | chat | doctor."""

from .main import main

__all__ = ["main"]
