"""A process that dies while it saves leaves the old checkpoint or the new one, whole. TUTELAGE_FULL=1: 500 kills at random times."""

import json
import os
import pathlib
import subprocess
import sys


def test_a_kill_at_any_system_call_or_time_leaves_a_whole_checkpoint(tmp_path):
    kills = 500 if os.environ.get("TUTELAGE_FULL") == "1" else 60
    script = pathlib.Path(__file__).with_name("checkpoint_kills.py")
    done = subprocess.run([sys.executable, str(script), str(kills), "1", str(tmp_path / "k")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["calls"]["broken"] == [] and found["random"]["broken"] == []
    for name, least in (("fresh", 40), ("replacing", 40)):  # before and after: files, syncs, renames
        assert found["stops"][name] >= least, found
    assert sum(found["calls"][k] for k in ("absent", "old", "new")) == sum(found["stops"].values())
    assert all(found["calls"][k] for k in ("absent", "old", "new")), found  # each can be seen
    assert sum(found["random"][k] for k in ("absent", "old", "new")) == kills
