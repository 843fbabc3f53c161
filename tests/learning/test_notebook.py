"""The first notebook runs from its first cell to its last, and gives, to the byte, the outputs that are stored in it."""

import importlib.util
import json
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "examples" / "notebooks"


def test_the_first_notebook():
    spec = importlib.util.spec_from_file_location("execute", NOTEBOOKS / "execute.py")
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    fresh, names = runner.execute(NOTEBOOKS / "first.ipynb")
    corrected = next("".join(c["outputs"][0]["text"]) for c in fresh["cells"] if "teacher.feedback" in "".join(c["source"]))
    assert "Who are you? -> I'm a chatbot.\n" in corrected and "What do cats eat? -> Cats eat meat and fish.\n" in corrected
    assert names["curve"][-1][1] > names["curve"][0][1]  # judged answers made more of the new ones acceptable
    stored = json.loads((NOTEBOOKS / "first.ipynb").read_text(encoding="utf-8"))
    for now, then in zip(fresh["cells"], stored["cells"]):
        assert now == then, "if the change is meant: python examples/notebooks/execute.py examples/notebooks/first.ipynb --write"
