"""The command line: tutelage demo | chat | rate | export | import | erase | doctor."""

from .main import main

__all__ = ["main"]
