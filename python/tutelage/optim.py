"""Optimisers."""

from ._core import AdamWConfig, AdamWState, adamw_step

__all__ = ["AdamWConfig", "AdamWState", "adamw_step"]
