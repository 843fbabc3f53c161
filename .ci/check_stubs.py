#!/usr/bin/env python3
"""Regenerates the stub of the compiled module and compares it with the one in the repository; --update writes it.

Run it with the Python that has tutelage and pybind11-stubgen installed.
"""

import difflib
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STUB = ROOT / "python" / "tutelage" / "_core.pyi"


def generate():
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "tutelage._core", "-o", folder, "--numpy-array-use-type-var", "--exit-code"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        made = sorted(pathlib.Path(folder).rglob("_core*"))
        files = [p for p in made if p.suffix == ".pyi"] or sorted(pathlib.Path(folder).rglob("_core/*.pyi"))
        if done.returncode or not files:
            sys.exit(f"check_stubs: pybind11-stubgen failed:\n{done.stdout}{done.stderr}")
        # A module with submodules becomes a folder: one stub a submodule.
        tree = pathlib.Path(folder) / "tutelage" / "_core"
        base = tree if tree.is_dir() else tree.parent
        return {p.relative_to(base).as_posix(): p.read_text() for p in sorted(base.rglob("*.pyi"))}


def current(names):
    folder = STUB.with_suffix("")
    if set(names) == {"_core.pyi"}:
        return {"_core.pyi": STUB.read_text() if STUB.exists() else ""}
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*.pyi"))}


def main():
    if importlib.util.find_spec("pybind11_stubgen") is None:
        sys.exit("check_stubs: pybind11-stubgen is not installed: pip install pybind11-stubgen")
    new = generate()
    folder = STUB.parent if set(new) == {"_core.pyi"} else STUB.with_suffix("")
    if "--update" in sys.argv[1:]:
        for name, text in new.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        print(f"check_stubs: wrote {', '.join(new)} in {folder.relative_to(ROOT)}")
        return 0
    old = current(new)
    different = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    for name in different:
        sys.stdout.writelines(difflib.unified_diff(old.get(name, "").splitlines(True), new.get(name, "").splitlines(True), f"repository/{name}", f"built/{name}"))
    print(f"check_stubs: {len(new)} stubs, {len(different)} differ" + (": run .ci/check_stubs.py --update" if different else ""))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
