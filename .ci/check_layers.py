#!/usr/bin/env python3
"""Fails where a file includes a later layer, or a third party that its layer may not use.

A file may include its own row of the table below and the rows above it. Third parties appear in impl/ and src/ only,
public headers use the standard library alone, interop/ is the one public folder that names Eigen.
"""

import pathlib
import re
import sys

ROWS = [["base"], ["tensor"], ["kernels"], ["autograd"], ["nn", "optim"], ["text", "env"], ["prefs"], ["reward"], ["rl"], ["train"]]
RANK = {layer: rank for rank, row in enumerate(ROWS) for layer in row}
IO_FROM = RANK["nn"]  # io serves this row and later ones,
IO_SEES = RANK["text"]  # and knows what a model folder holds: a model, its tokenizer, its chat template
THIRD_PARTIES = {
    "fmt": {"base"},
    "tbb": {"base"},
    "oneapi": {"base"},
    "Eigen": {"kernels", "interop"},
    "unsupported": {"kernels", "interop"},
    "nlohmann": {"text", "env", "io"},
}
SYSTEM = {"xmmintrin.h": {"base", "kernels"}, "immintrin.h": {"base", "kernels"}, "arm_neon.h": {"kernels"}, "unistd.h": {"io"}, "fcntl.h": {"io"}, "sys/stat.h": {"io"}, "sys/mman.h": {"io"}}
FORBIDDEN = {"random": "its distributions differ between standard libraries", "regex": "its results and speed differ between standard libraries"}
ROOT_HEADERS = {"config.hpp", "version.hpp", "fwd.hpp", "impl/fp_push.hpp", "impl/fp_pop.hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def layer_of(inside):
    """The layer of a path below include/tutelage/ or src/, None for what stands above all layers."""
    parts = pathlib.PurePosixPath(inside).parts
    if parts[0] == "impl":
        parts = parts[1:]
    name = parts[0] if len(parts) > 1 else parts[0].removesuffix(".cpp")
    return name


def check(path, inside, is_public):
    layer = layer_of(inside)
    if inside in ROOT_HEADERS:
        layer = "base"
    elif inside == "tutelage.hpp":
        layer = "train"
    elif layer not in RANK and layer not in ("io", "interop"):
        return [f"{path}: belongs to no layer of the table"]
    rank = {"io": IO_SEES, "interop": len(ROWS)}.get(layer, RANK.get(layer))
    problems = []
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        where = f"{path}:{text.count(chr(10), 0, match.start(2)) + 1}"
        target = match[2]
        if target.startswith("tutelage/"):
            if target[len("tutelage/"):] in ROOT_HEADERS:
                continue
            other = layer_of(target[len("tutelage/"):])
            if other == "io":
                allowed = layer == "io" or rank >= IO_FROM
            elif other in RANK:
                allowed = RANK[other] <= rank
            else:
                allowed = inside == "tutelage.hpp" or other == layer
            if not allowed:
                problems.append(f"{where}: layer {layer} includes {target} of the later layer {other}")
        elif "/" in target or target.endswith((".h", ".hpp")):
            allowed = THIRD_PARTIES.get(target.split("/")[0], SYSTEM.get(target, set()))
            if layer not in allowed:
                problems.append(f"{where}: layer {layer} may not include {target}")
            elif is_public and layer != "interop":
                problems.append(f"{where}: a public header may include the standard library only, not {target}")
        elif match[1] == '"':
            problems.append(f"{where}: write the path from tutelage/ on, not {target}")
        elif target in FORBIDDEN:
            problems.append(f"{where}: <{target}> is not used: {FORBIDDEN[target]}")
    return problems


def check_tree(root):
    problems, count = [], 0
    include = root / "include" / "tutelage"
    for base, patterns in ((include, ("*.hpp", "*.ipp")), (root / "src", ("*.cpp", "*.hpp"))):
        for pattern in patterns:
            for path in sorted(base.rglob(pattern)):
                inside = path.relative_to(base).as_posix()
                problems += check(path, inside, base == include and not inside.startswith("impl/"))
                count += 1
    return problems, count


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    problems, count = check_tree(root)
    for problem in problems:
        print(problem)
    print(f"check_layers: {count} files, {len(problems)} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
