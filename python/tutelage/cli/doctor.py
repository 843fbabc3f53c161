"""What this machine gives."""

import platform

import tutelage

from .._outside import cpu_name


def run(args):
    print(f"tutelage {tutelage.__version__}, Python {platform.python_version()}")
    print(f"CPU: {cpu_name()}")
    print(f"instruction set in use: {tutelage.isa()} (TUTELAGE_ISA overrides)")
    print(f"threads: {tutelage.num_threads()} (TUTELAGE_NUM_THREADS overrides)")
    return 0
