"""500 kills (-9) at random times over the whole of a save, and one before and after each of its system calls.

Writes benchmarks/results/checkpoints.json and exits with 1 where a checkpoint was unloadable or mixed. `python benchmarks/checkpoints/kills.py`
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))
from common import machine  # noqa: E402

KILLS = 500


def main():
    script = HERE.parent / "tests" / "python" / "checkpoint_kills.py"
    with tempfile.TemporaryDirectory(dir=HERE) as folder:  # on a disk: /tmp may be memory
        done = subprocess.run([sys.executable, str(script), str(KILLS), "1", folder], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    broken = len(found["calls"]["broken"]) + len(found["random"]["broken"])
    result = {"machine": machine.describe(1), "target": "0 of all kills leave an unloadable or mixed checkpoint", "broken": broken, "passed": broken == 0, **found}
    (HERE / "results" / "checkpoints.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    return 0 if broken == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
