"""1,000 times kill -9 while answers arrive: none that was acknowledged may be lost, none doubled. python benchmarks/rate/killed.py [--kills 1000]"""

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2] / "tests" / "python"))
import killed  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default=str(HERE.parents[1] / "results" / "rate_killed.json"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = killed.run(folder, args.kills, args.seed)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    found |= {"kills": args.kills, "cpu": cpu, "passed": found["lost"] == found["doubled"] == 0 and found["acknowledged"] > args.kills}
    Path(args.out).write_text(json.dumps(found, indent=1) + "\n")
    print(found)
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
