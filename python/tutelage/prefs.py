"""What people say of answers."""

from ._core import Judgement, JudgementLog

__all__ = ["Judgement", "JudgementLog"]
