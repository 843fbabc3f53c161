"""Runs a notebook's code cells in order in one namespace: `python examples/notebooks/execute.py NOTEBOOK [--write]` keeps what they printed in it.

Without Jupyter, so that the tests need none. A cell's last expression is shown as Jupyter would: as SVG where it has one, else as text.
"""

import ast
import contextlib
import io
import json
import sys


def run_cell(source, namespace):
    """What the cell printed, and the value of its last line if that is an expression."""
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), namespace)
        value = eval(compile(last, "cell", "eval"), namespace) if last else None
    return printed.getvalue(), value


def outputs_of(printed, value, number):
    outputs = []
    if printed:
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.splitlines(keepends=True)})
    if value is not None:
        data = {"text/plain": repr(value).splitlines(keepends=True)}
        if hasattr(value, "_repr_svg_"):
            data["image/svg+xml"] = value._repr_svg_().splitlines(keepends=True)
        outputs.append({"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data})
    return outputs


def execute(path):
    """The notebook with fresh outputs, and the namespace that its cells left."""
    with open(path, encoding="utf-8") as file:
        notebook = json.load(file)
    namespace, number = {"__name__": "__main__"}, 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            cell["execution_count"] = number
            cell["outputs"] = outputs_of(*run_cell("".join(cell["source"]), namespace), number)
    return notebook, namespace


if __name__ == "__main__":
    notebook, _ = execute(sys.argv[1])
    if "--write" in sys.argv:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            file.write(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
