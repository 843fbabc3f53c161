"""Each notebook runs from its first cell to its last, so that all it asserts is so, and gives, to the byte, the outputs that are stored in it."""

import importlib.util
import json
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "examples" / "notebooks"


@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook(name):
    spec = importlib.util.spec_from_file_location("execute", NOTEBOOKS / "execute.py")
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    fresh, _ = runner.execute(NOTEBOOKS / name)
    code = [c for c in fresh["cells"] if c["cell_type"] == "code"]
    assert any("image/svg+xml" in output.get("data", {}) for c in code for output in c["outputs"]) and sum("assert " in "".join(c["source"]) for c in code) >= 3
    stored = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))
    for now, then in zip(fresh["cells"], stored["cells"]):
        assert now == then, f"if the change is meant: python examples/notebooks/execute.py examples/notebooks/{name} --write"
