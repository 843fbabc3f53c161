"""Where people judge: terminal, web page and notebook, in front of one desk."""

from .desk import Desk, Settings
from .loop import HumanLoop

__all__ = ["Desk", "HumanLoop", "Settings"]
