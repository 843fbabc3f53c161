#!/usr/bin/env python3
"""Proves on built objects what the promise of equal bytes rests on.

1. No weak symbol is defined by two of the kernel objects (scalar, avx2, avx512): the linker would keep one of them, and
   with it one set's instructions, for all.
2. No object imports a function of libm but sqrt and fma: those are exact everywhere, the others change with the machine.

usage: check_exports.py BUILD_FOLDER...
"""

import itertools
import pathlib
import re
import subprocess
import sys

SETS = ("scalar", "avx2", "avx512")
EXACT = {"sqrt", "sqrtf", "fma", "fmaf"}
# fmt, which writes the numbers in messages, rounds an exponent up where the optimiser does not see that it need not.
EXEMPT = {("base.cpp.o", "ceil")}
# What libm exports (C11's <math.h> and the older names of glibc), each also with the suffixes f and l.
LIBM = set(
    """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh drem erf erfc exp exp10 exp2 expm1 fabs fdim floor fma fmax fmin
    fmod frexp gamma hypot ilogb j0 j1 jn ldexp lgamma lgamma_r llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint
    nextafter nexttoward pow pow10 remainder remquo rint round roundeven scalb scalbln scalbn significand sin sincos sinh sqrt tan tanh
    tgamma trunc y0 y1 yn""".split()
)
LIBM |= {name + suffix for name in LIBM for suffix in "fl"}
LIBM |= {f"__{name}_finite" for name in LIBM}


def symbols(path):
    """(name, type letter) of an object or of all members of an archive."""
    output = subprocess.run(["nm", "-P", str(path)], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        fields = line.split()
        if len(fields) >= 2 and len(fields[1]) == 1:
            yield fields[0], fields[1]


def is_libm(name):
    name = name.split("@")[0]
    # vector variants of libmvec: _ZGVdN8v_expf
    return name in LIBM or re.match(r"_ZGV[a-z]N?\w*_(\w+)$", name) is not None


def check_folder(folder):
    objects = [p for p in sorted(folder.rglob("*.o")) if "/tutelage.dir/" in p.as_posix() or "/_core.dir/" in p.as_posix()]
    problems = []
    kernels = {name: [p for p in objects if re.search(rf"/kernels/{name}\.cpp\.o$", p.as_posix())] for name in SETS}
    weak = {name: {s for p in paths for s, kind in symbols(p) if kind in "WVu"} for name, paths in kernels.items() if paths}
    if "scalar" not in weak:
        problems.append(f"{folder}: no kernel objects found: is this a build folder of tutelage?")
    for a, b in itertools.combinations(weak, 2):
        for name in sorted(weak[a] & weak[b]):
            shown = subprocess.run(["c++filt", name], capture_output=True, text=True).stdout.strip()
            problems.append(f"{folder}: weak symbol in {a} and {b}: {shown}")
    for path in objects:
        for name, kind in symbols(path):
            if kind in "Uw" and is_libm(name) and name.split("@")[0] not in EXACT and (path.name, name) not in EXEMPT:
                problems.append(f"{path}: imports {name} of libm")
    print(f"check_exports: {folder}: {len(objects)} objects, sets {' '.join(weak)}, {sum(map(len, weak.values()))} weak symbols, {len(problems)} problems")
    return problems


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    problems = [p for folder in sys.argv[1:] for p in check_folder(pathlib.Path(folder))]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
