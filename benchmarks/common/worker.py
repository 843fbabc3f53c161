"""One side of a benchmark in a process of its own, driven over pipes.

A side is a module with `setup(**options)`, `work()`, and what else its problem asks of it; every function takes and returns plain JSON. Two sides in one
process would share allocators and disturb each other's thread pools. A process that is not asked anything is stopped (SIGSTOP), so that
not even a waiting thread of it takes time from the other.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Worker:
    """`worker.call("setup", threads=2)` calls that function of `module` in the other process."""

    def __init__(self, module, settings=None):
        self._log = tempfile.TemporaryFile(mode="w+")
        self._process = subprocess.Popen([sys.executable, "-m", "common.worker", module], cwd=ROOT, env={**os.environ, **(settings or {})}, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self.module = module

    def call(self, function, **arguments):
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write(json.dumps([function, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"ended with code {self._process.wait()}"}
        if "error" in answer:
            self._log.seek(0)
            raise RuntimeError(f"{self.module}.{function}: {answer['error']}\n{self._log.read()[-4000:]}")
        self._process.send_signal(signal.SIGSTOP)
        return answer["result"]

    def close(self):
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def timed(work, count):
    """Seconds a call, by the wall and by the CPU (all threads)."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        work()
    return {"wall": (time.perf_counter() - wall) / count, "cpu": (time.process_time() - cpu) / count}


def serve(module):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    side = None
    for line in sys.stdin:
        function, arguments = json.loads(line)
        try:
            side = side or importlib.import_module(module)
            result = timed(side.work, **arguments) if function == "timed" else getattr(side, function)(**arguments)
            answer = {"result": result}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
