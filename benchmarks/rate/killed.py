"""1,000 times kill -9 while answers arrive: none that was acknowledged may be lost, none doubled.

    python benchmarks/rate/killed.py [--kills 1000] [--minutes 9]

Writes results/rate_killed.json after every 25 kills; a call goes on where the last one ended, unless store or server have changed since.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2] / "tests" / "python"), str(HERE.parents[1])]
import killed  # noqa: E402
from common import machine, world  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no kills are begun after so many")
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "results" / "rate_killed.json")
    args = parser.parse_args()
    found = json.loads(args.out.read_text()) if args.out.exists() else {}
    now = world.digest(world.PACKAGE / "store", world.PACKAGE / "rate", killed.__file__, Path(killed.__file__).with_name("rate_server.py"), HERE)
    if found.get("world") != now:
        found = {"world": now, "kills": 0, "idle": 0, "acknowledged": 0, "lost": 0, "doubled": 0}
    end = time.monotonic() + 60 * args.minutes
    while found["kills"] < args.kills and time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            new = killed.run(folder, min(25, args.kills - found["kills"]), seed=found["kills"])
        found |= {name: found[name] + count for name, count in new.items()}
        found["machine"] = machine.describe(1)
        found["passed"] = found["kills"] >= args.kills and found["lost"] == found["doubled"] == found["idle"] == 0
        args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(found)
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
