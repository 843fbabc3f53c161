"""Pages that are made of what is there: the C++ headers, the notebooks, the measured figures. Into docs/generated, which is not kept."""

import html
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT, OUT = HERE.parent, HERE / "generated"
LAYERS = ("base", "tensor", "kernels", "autograd", "nn", "optim", "text", "env", "prefs", "reward", "rl", "train", "io", "interop")
MODULES = ("train", "nn", "optim", "ops", "rl", "reward", "prefs", "text", "env", "io", "runs", "rate", "store")
BESIDE = ("training_step", "generation", "memory", "ppo_iteration", "reward_fitting", "rloo_iteration")


def write(name, text):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def headers():
    """A page a layer, with each public header as it stands: declarations and their comments."""
    for layer in LAYERS:
        files = sorted((ROOT / "include" / "tutelage" / layer).glob("*.hpp"))
        if not files:
            continue
        parts = [f"# {layer}\n"]
        for file in files:
            text = file.read_text(encoding="utf-8")
            text = text.split("#ifdef TUTELAGE_HEADER_ONLY")[0]
            text = re.sub(r"^(#pragma once|#include [<\"].*|TUTELAGE_(BEGIN|END))\n", "", text, flags=re.M).strip()
            parts.append(f"## tutelage/{layer}/{file.name}\n\n```cpp\n{text}\n```\n")
        write(f"cpp/{layer}.md", "\n".join(parts))
    write("cpp.md", "# API: C++\n\nEvery header is under `tutelage/`, `tutelage/tutelage.hpp` includes all. Layers, the first needs none of the others; a header's comments say formula, shapes, errors\n"
          "and source.\n\n```{toctree}\n:maxdepth: 1\n\n" + "\n".join(f"cpp/{layer}" for layer in LAYERS if (OUT / "cpp" / f"{layer}.md").exists()) + "\n```\n")


def modules():
    title = lambda text: f"{text}\n{'=' * len(text)}\n\n"
    for name in MODULES:
        write(f"python/{name}.rst", title(f"tutelage.{name}") + f".. automodule:: tutelage.{name}\n")
    write("python/tutelage.rst", title("tutelage") + ".. automodule:: tutelage\n   :no-undoc-members:\n")
    write("python.md", "# API: Python\n\n```{toctree}\n:maxdepth: 1\n\npython/tutelage\n" + "\n".join(f"python/{name}" for name in MODULES) + "\n```\n")


def notebooks():
    """Each notebook with its outputs."""
    names = []
    for path in sorted((ROOT / "examples" / "notebooks").glob("*.ipynb")):
        parts = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                if "image/svg+xml" in data:
                    parts.append("```{raw} html\n" + "".join(data["image/svg+xml"]) + "\n```")
                else:
                    parts.append("```text\n" + "".join(output.get("text", data.get("text/plain", ""))).rstrip() + "\n```")
        write(f"notebooks/{path.stem}.md", "\n\n".join(parts) + "\n")
        names.append(path.stem)
    order = sorted(names, key=lambda n: (n != "first", n != "who_are_you", n))
    write("notebooks.md", "# Notebooks\n\nIn `examples/notebooks/`, executed by the tests: what a cell claims it asserts.\n\n```{toctree}\n:maxdepth: 1\n\n" + "\n".join(f"notebooks/{n}" for n in order) + "\n```\n")


def figures():
    """What was measured beside others, from benchmarks/results."""
    parts = []
    for name in BESIDE:
        path = ROOT / "benchmarks" / "results" / f"{name}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        parts.append(f"## {found['title']}\n\n{found['date']}, {found['machine']['cpu']}, {found['machine']['cores']} cores, {found['machine']['isa']}"
                     + (", a quick run" if found.get("quick") else "") + ". " + ("Their memory is 1." if name == "memory" else "Times as fast; above 1, this library is faster.") + "\n")
        rows = [(r["row"], r["beside"], f"{r['ratio']:.2f}", " to ".join(f"{x:.2f}" for x in r["spread"])) for r in found["rows"]]
        parts.append("\n".join("| " + " | ".join(map(html.escape, row)) + " |" for row in [("row", "beside", "ratio", "spread"), ("---",) * 4, *rows]) + "\n")
    write("figures.md", "# Measured beside others\n\n" + "\n".join(parts) + "\n[Benchmarks](../benchmarks.md) says how these are taken.\n")


def all_pages():
    for page in (headers, modules, notebooks, figures):
        page()
