"""The answers of an evaluation, the worst first."""

from .. import _core
from .folder import Folder

ORDERS = {  # what `by` may be: the number that sorts, the worst first
    "reward": lambda r: r["reward"],
    "kl": lambda r: -sum(r["kl"]),
    "length": lambda r: -len(r["ids"]),
}


def worst(run, count=20, by="reward", step=None, best=False):
    """The `count` worst (or best) rows of samples.jsonl, of the last evaluation or that of `step`. Raises IoError, ValueError.

    by: "reward", lowest first; "kl", farthest from the reference first; "length", longest first. Rows without that number are left out.
    """
    if by not in ORDERS:
        raise _core.ConfigError(f"inspect: unknown order: got {by}, expected {', '.join(ORDERS)}.")
    folder = Folder(run)
    folder.info()
    rows = folder.lines("samples.jsonl")
    steps = sorted({row["step"] for row in rows})
    if not steps:
        raise _core.ValueError(f"inspect: no evaluation so far: got no line in {folder / 'samples.jsonl'}, expected one.")
    step = steps[-1] if step is None else step
    if step not in steps:
        raise _core.ValueError(f"inspect: no evaluation at this step: got {step}, expected one of {', '.join(map(str, steps))}.")
    needed = {"reward": "reward", "kl": "kl", "length": "ids"}[by]
    rows = [row for row in rows if row["step"] == step and row.get(needed) is not None]
    if not rows:
        raise _core.ValueError(f"inspect: no {by} in this run's samples: got none, expected one of the other orders: {', '.join(o for o in ORDERS if o != by)}.")
    return sorted(rows, key=ORDERS[by], reverse=best)[:count]


def numbers(row):
    """The numbers of one row, for people."""
    out = []
    if row.get("reward") is not None:
        parts = row.get("rewards", {})
        out.append(f"reward {row['reward']:.3g}" + (" (" + ", ".join(f"{k} {v:.3g}" for k, v in parts.items()) + ")" if len(parts) > 1 else ""))
    if row.get("kl") is not None:
        out.append(f"KL {sum(row['kl']):.2f} nats")
        out.append(f"{len(row['ids'])} tokens, {'ended' if row['stop_reason'] == 'stop_id' else 'cut'}")
        out.append(f"log p {sum(row['logprobs']):.1f}")
    if row.get("advantages"):
        value = f"value {row['values'][0]:.3g}, " if row["values"] else ""
        out.append(f"{value}advantages {min(row['advantages']):.2g} to {max(row['advantages']):.2g}")
    return "; ".join(out)
