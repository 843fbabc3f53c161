"""Two planted reward hacks ring before the true reward has fallen by a tenth; clean runs are quiet. All four, and more runs: benchmarks/alarms."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from alarms import world  # noqa: E402


@pytest.mark.parametrize(("hack", "seed"), [("repetition", 1), ("magic", 2)])
def test_a_planted_hack_rings_in_time(hack, seed):
    run = world.run(hack, seed)
    fell = world.fallen_at(run["true"])
    assert fell is not None and run["learned"][-1] > run["learned"][0] + 0.3
    assert run["alarms"] and min(at for _, at in run["alarms"]) < fell


@pytest.mark.parametrize("seed", (1, 3))
def test_a_clean_run_is_quiet(seed):
    run = world.run("none", seed)
    assert run["true"][-1] > run["true"][0]
    assert run["alarms"] == []
