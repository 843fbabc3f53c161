"""What comes from outside the package and goes there: people's Python files, their words, files that are written, the machine's name."""

import contextlib
import importlib.util
import os
import platform
import secrets

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


def load_function(spec, what, expected, like):
    """(the function, its name, the module) of "FILE.py:function". @throws IoError, ConfigError, in the name of `what` asked for it; `like` shows one"""
    path, _, name = spec.rpartition(":")
    if not path or not os.path.isfile(path):
        raise _core.IoError(f"{what}: no such file: got {spec!r}, expected {expected}.")
    module = load(path, what)
    function = getattr(module, name, None)
    if not callable(function):
        raise _core.ConfigError(f"{what}: {path} has no such function: got {name}, expected one like {like}.")
    return function, name, module


def did_you_mean(word, known, form=str):
    """The end of a message about a word that is unknown: the nearest known one, if any is near, as `form` shows it."""
    near = _core._nearest(str(word), list(map(str, known)))
    return f" Did you mean {form(near)}?" if near else ""


def write_whole(path, text, mode=0o666):
    """The text as a file that is there whole, on disk, or not at all; `mode` less the umask. What is no plain file, such as /dev/stdout, is written into.

    @throws IoError; an old file is then as it was
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            return
        path = os.path.realpath(path)  # a link stays one
        new, folder = f"{path}.{secrets.token_hex(4)}.new", os.path.dirname(path)
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.remove(new)
            raise
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise _core.IoError(f"write: {path} cannot be written: got {error.strerror}, expected a place to write to.") from error


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
