"""What this machine gives."""

import json
import platform

import tutelage

from .._outside import cpu_name
from .flags import as_json


def arguments(p, command):
    as_json(p)


def run(args):
    if args.json:
        print(json.dumps({"tutelage": tutelage.__version__, "python": platform.python_version(), "cpu": cpu_name(), "isa": tutelage.isa(), "threads": tutelage.num_threads()}))
        return 0
    print(f"tutelage {tutelage.__version__}, Python {platform.python_version()}")
    print(f"CPU: {cpu_name()}")
    print(f"instruction set in use: {tutelage.isa()} (TUTELAGE_ISA overrides)")
    print(f"threads: {tutelage.num_threads()} (TUTELAGE_NUM_THREADS overrides)")
    return 0
