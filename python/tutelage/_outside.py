"""What comes from outside the package: people's Python files, the machine's name."""

import importlib.util
import platform

from . import _core


def load(path, what):
    """The module in a file. @throws ConfigError, in the name of `what` asked for it, for one that does not run"""
    spec = importlib.util.spec_from_file_location("outside", path)
    if spec is None:
        raise _core.ConfigError(f"{what}: not a Python file: got {path}, expected FILE.py:function.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _core.ConfigError(f"{what}: {path} does not load: got {type(error).__name__}: {error}, expected a Python file that does.") from error
    return module


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
