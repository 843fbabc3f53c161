"""Kills a process (-9) while it saves a checkpoint: before and after each of its system calls, and at random times. Prints what was found, as JSON.

A checkpoint must then be the old one or the new one, whole. `python checkpoint_kills.py RANDOM_KILLS SEED FOLDER`.
"""

import ctypes
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time

import numpy as np

import tutelage
from tutelage import io, nn, text, train

TRACEME, SYSCALL, SETOPTIONS, EXITKILL = 0, 24, 0x4200, 0x00100000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def states(width):
    """The same trainer after one step and after two."""
    shape = nn.TransformerConfig(vocab_size=32, max_positions=16, hidden_size=width, num_layers=1, num_heads=2)
    trainer = train.SFTTrainer(nn.Transformer(shape, seed=0), train.SFTConfig())
    data = [text.Example([1, 2, 3, 4], [0, 0, 1, 1])]
    both = []
    for folder in ("old", "new"):
        trainer.step(data)
        both.append(trainer.state())
        both[-1].save(folder, {"which": folder})
    return dict(zip(("old", "new"), both))


def content(folder):
    """Of a checkpoint; raises IoError for one that is not whole."""
    tensors, notes = io.load_checkpoint(folder)
    total = hashlib.sha256(json.dumps(sorted(notes.items())).encode())
    for name, tensor in sorted(tensors.items()):
        total.update(name.encode() + np.ascontiguousarray(tensor.numpy()).tobytes())
    return total.hexdigest()


class Bench:
    """Saves `new` in a child, over nothing or over `old`, and says what is there after its death."""

    def __init__(self, width):
        self.states = states(width)
        self.known = {content(name): name for name in ("old", "new")}
        self.found = {"absent": 0, "old": 0, "new": 0, "broken": []}

    def child(self, prepare, over, traced):
        shutil.rmtree("c", ignore_errors=True)
        shutil.rmtree(".c.tmp", ignore_errors=True)
        if over:
            shutil.copytree("old", "c")
        pid = os.fork()
        if pid == 0:
            try:
                if traced:
                    libc.ptrace(TRACEME, 0, None, None)
                    os.kill(os.getpid(), signal.SIGSTOP)
                prepare()
                self.states["new"].save("c", {"which": "new"})
                os._exit(0)
            finally:
                os._exit(1)
        return pid

    def look(self, over, where):
        """What is there, and whether the next save works as if nothing had been."""
        try:
            state = self.known[content("c")] if os.path.exists("c") else "absent"
        except (tutelage.Error, KeyError) as error:
            self.found["broken"].append(f"{where}: {error}")
            return
        if state == "absent" and over:
            self.found["broken"].append(f"{where}: the old checkpoint is gone")
        self.found[state] += 1
        self.states["new"].save("c", {"which": "new"})
        if self.known[content("c")] != "new" or os.path.exists(".c.tmp"):
            self.found["broken"].append(f"{where}: the next save does not clean up")

    def each_call(self, over):
        """Kills at the n-th stop, before or after a system call, for every n. Returns how many there are."""
        n = 0
        while True:
            n += 1
            pid = self.child(lambda: None, over, True)
            os.waitpid(pid, os.WUNTRACED)
            libc.ptrace(SETOPTIONS, pid, None, EXITKILL)
            for _ in range(n):
                if libc.ptrace(SYSCALL, pid, None, None) != 0:
                    raise OSError(ctypes.get_errno(), "ptrace")
                _, status = os.waitpid(pid, 0)
                if os.WIFEXITED(status):
                    return n - 1 if os.WEXITSTATUS(status) == 0 else -1
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self.look(over, f"{'replacing' if over else 'fresh'}, stop {n}")

    def random_times(self, kills, seed):
        """Kills from before the call to after it."""
        rng = random.Random(seed)
        start = time.monotonic()
        for _ in range(5):
            self.states["new"].save("c", {"which": "new"})
        usual = (time.monotonic() - start) / 5
        for k in range(kills):
            ready, go = os.pipe()
            pid = self.child(lambda: os.write(go, b"x"), k % 2 == 0, False)
            os.read(ready, 1)
            time.sleep(rng.random() * 1.5 * usual)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(ready), os.close(go)
            self.look(k % 2 == 0, f"random kill {k}")


def main(kills, seed, folder):
    tutelage.set_num_threads(1)
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    calls = Bench(8)
    stops = {"fresh": calls.each_call(False), "replacing": calls.each_call(True)}
    at_random = Bench(128)
    at_random.random_times(kills, seed)
    print(json.dumps({"stops": stops, "calls": calls.found, "kills": kills, "random": at_random.found}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
