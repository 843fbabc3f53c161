"""The machine, and its limits as measured in this run."""

import json
import os
import platform
import subprocess
import tempfile
from importlib import metadata

MAIN_MEMORY = 1 << 29  # bytes that no cache holds


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.processor())


def describe(threads):
    """What a reader must know of the machine and the programs."""
    import tutelage

    def version(package):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return None

    packages = ("tutelage", "torch", "transformers", "trl", "ctranslate2", "numpy", "imitation", "stable-baselines3")
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "isa": tutelage.isa(), "threads": threads, "python": platform.python_version(),
            "versions": {p: version(p) for p in packages}}


class Limits:
    """Measured peak of float32 multiply-adds (two operations each), and reading speed of memory and of working sets that caches hold."""

    def __init__(self, threads):
        self.threads = threads
        self._reading = {}
        self._folder = tempfile.TemporaryDirectory()
        self._program = os.path.join(self._folder.name, "limits")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits.cpp")
        subprocess.run(["g++", "-std=c++20", "-O3", "-march=native", "-pthread", source, "-o", self._program], check=True)
        found = self._run(f"{threads}:{MAIN_MEMORY}")
        self.flops = {int(count): rate for count, rate in found["flops"].items()}
        self.memory = found["bandwidth"][f"{threads}:{MAIN_MEMORY}"]

    def _run(self, *sets):
        return json.loads(subprocess.run([self._program, str(self.threads), *sets], check=True, capture_output=True, text=True).stdout)

    def seconds(self, flops, threads=None):
        """Least time of so many operations."""
        return flops / self.flops[threads or self.threads]

    def memory_seconds(self, nbytes):
        """Least time to move so many bytes from or to memory."""
        return nbytes / self.memory

    def read_seconds(self, nbytes, threads=None):
        """Least time to read so many bytes again and again: from the cache that holds them, or from memory."""
        key = f"{threads or self.threads}:{int(nbytes)}"
        if key not in self._reading:
            self._reading.update(self._run(key)["bandwidth"])
        return nbytes / self._reading[key]

    def as_json(self):
        return {"peak_flops": {str(k): v for k, v in self.flops.items()}, "memory_bytes_per_second": self.memory}
