"""Environments; from Python only what an episode leaves behind so far."""

from ._core import Trajectory

__all__ = ["Trajectory"]
