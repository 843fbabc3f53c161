"""Runs in a folder: data in, any trainer, metrics, samples, checkpoints out; gone on with after a stop, to the same bytes."""

from .check import as_text as check_text
from .check import check
from .compare import as_text as compare_text
from .compare import compare
from .config import RunConfig
from .folder import Folder
from .inspect import numbers, worst
from .live import Live
from .report import report
from .rows import read_rows
from .run import Run
from .start import resume, start

__all__ = [
    "Folder", "Live", "Run", "RunConfig", "check", "check_text", "compare", "compare_text", "numbers", "read_rows", "report", "resume", "start", "worst",
]
