"""Alternating pairs of timings, and what is said of them."""

import statistics
from dataclasses import dataclass


@dataclass
class Effort:
    """How long is measured."""

    pairs: int = 7
    seconds: float = 0.4  # a turn of one side

    @classmethod
    def quick(cls):
        return cls(pairs=5, seconds=0.05)


def count_for(worker, seconds):
    """Calls that fill `seconds`; the first calls are the warm-up."""
    worker.call("timed", count=1)
    once = worker.call("timed", count=1)["wall"]
    if once < seconds:  # a first call may be slow for reasons of its own
        once = worker.call("timed", count=max(1, int(0.5 * seconds / once)))["wall"]
    return max(1, round(seconds / once))


@dataclass
class Candidate:
    """A worker that is set up, what it was started with, and its seconds a call."""

    key: object
    worker: object
    seconds: float


def fastest(start, keys, effort, best=None):
    """Starts start(key) for each key; the fastest of them and of `best`, the others closed."""
    for key in keys:
        if best and key == best.key:
            continue
        worker = start(key)
        count = count_for(worker, effort.seconds)
        found = Candidate(key, worker, min(worker.call("timed", count=count)["wall"] for _ in range(3)))
        best, other = (found, best) if best is None or found.seconds < best.seconds else (best, found)
        if other:
            other.worker.close()
    return best


def compare(ours, theirs, effort):
    """Times both sides in alternating pairs; every other pair begins with the other side, so that a drift of the machine cancels.

    The ratio is theirs / ours: above 1, we are faster.
    """
    counts = {side: count_for(side, effort.seconds) for side in (ours, theirs)}
    turns = {ours: [], theirs: []}
    for pair in range(effort.pairs):
        for side in (ours, theirs) if pair % 2 == 0 else (theirs, ours):
            turns[side].append(side.call("timed", count=counts[side]))
    wall = {side: [t["wall"] for t in turns[side]] for side in turns}
    cpu = {side: statistics.median(t["cpu"] for t in turns[side]) for side in turns}
    ratios = [b / a for a, b in zip(wall[ours], wall[theirs])]
    return {
        "ratio": statistics.median(ratios),
        "spread": [min(ratios), max(ratios)],
        "minima_ratio": min(wall[theirs]) / min(wall[ours]),
        "ours_seconds": statistics.median(wall[ours]),
        "theirs_seconds": statistics.median(wall[theirs]),
        "ours_cpu_seconds": cpu[ours],
        "theirs_cpu_seconds": cpu[theirs],
        "pairs": effort.pairs,
    }


class Wrong(Exception):
    """The two sides do not compute the same."""


def agree(what, ours, theirs, tolerance):
    """The difference of two numbers, relative to the second (to 1 where that is smaller). Raises Wrong above the tolerance."""
    error = abs(ours - theirs) / max(1.0, abs(theirs))
    if not error <= tolerance:  # a NaN is wrong too
        raise Wrong(f"{what}: ours {ours}, theirs {theirs}; they may differ by {tolerance} of it")
    return error
