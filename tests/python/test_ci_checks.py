"""The checks of .ci/ catch what they are for."""

import pathlib
import shutil
import subprocess
import sys

import pytest

CI = pathlib.Path(__file__).resolve().parents[2] / ".ci"


def layers(root):
    return subprocess.run([sys.executable, CI / "check_layers.py", root], capture_output=True, text=True)


@pytest.mark.parametrize(
    "path, line, complaint",
    [
        ("include/tutelage/tensor/a.hpp", '#include "tutelage/nn/b.hpp"', "later layer nn"),
        ("include/tutelage/impl/nn/a.ipp", "#include <fmt/format.h>", "may not include fmt/format.h"),
        ("include/tutelage/impl/rl/a.ipp", '#include "nlohmann/json.hpp"', "may not include nlohmann/json.hpp"),
        ("include/tutelage/base/a.hpp", "#include <tbb/parallel_for.h>", "standard library only"),
        ("include/tutelage/impl/autograd/a.ipp", '#include "tutelage/io/model.hpp"', "later layer io"),
        ("include/tutelage/io/a.hpp", '#include "tutelage/prefs/judgement.hpp"', "later layer prefs"),
        ("src/rl.cpp", "#include <random>", "<random> is not used"),
        ("src/kernels/a.cpp", '# include  "tutelage/interop/eigen.hpp"', "later layer interop"),
        ("include/tutelage/misc/a.hpp", "", "no layer"),
    ],
)
def test_layers_catches(tmp_path, path, line, complaint):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(f"#pragma once\n{line}\n")
    done = layers(tmp_path)
    assert done.returncode == 1
    assert complaint in done.stdout


def test_layers_allows(tmp_path):
    allowed = {
        "include/tutelage/nn/a.hpp": '#include <vector>\n#include "tutelage/io/b.hpp"\n#include "tutelage/optim/c.hpp"\n',
        "include/tutelage/impl/io/b.ipp": '#include <nlohmann/json.hpp>\n#include "tutelage/nn/a.hpp"\n#include "tutelage/impl/fp_push.hpp"\n',
        "include/tutelage/interop/eigen.hpp": '#include <Eigen/Core>\n#include "tutelage/tensor/tensor.hpp"\n',
        "src/base.cpp": "#include <tbb/parallel_for.h>\n",
    }
    for path, text in allowed.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
    done = layers(tmp_path)
    assert (done.returncode, done.stdout) == (0, "check_layers: 4 files, 0 problems\n")


def test_layers_fails_on_nothing(tmp_path):
    assert layers(tmp_path).returncode == 1


COMPILER = shutil.which("g++") or shutil.which("clang++")


def exports(folder, sources):
    objects = folder / "CMakeFiles" / "tutelage.dir" / "src"
    for path, text in sources.items():
        source = folder / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        out = objects / f"{path}.o"
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([COMPILER, "-O0", "-c", source, "-o", out], check=True)
    return subprocess.run([sys.executable, CI / "check_exports.py", folder], capture_output=True, text=True)


@pytest.mark.skipif(not (COMPILER and shutil.which("nm")), reason="needs a compiler and nm")
def test_exports_catches(tmp_path):
    weak = "inline int shared() { return 1; } int {0}() {{ return shared(); }}"
    clean = exports(tmp_path / "clean", {"kernels/scalar.cpp": "#include <cmath>\nfloat f(float x) { return std::sqrt(x); }", "kernels/avx2.cpp": "int g() { return 1; }"})
    assert clean.returncode == 0, clean.stdout
    shared = exports(tmp_path / "weak", {f"kernels/{s}.cpp": weak.replace("{0}", s).replace("{{", "{").replace("}}", "}") for s in ("scalar", "avx2")})
    assert shared.returncode == 1 and "weak symbol in scalar and avx2: shared()" in shared.stdout
    libm = exports(tmp_path / "libm", {"kernels/scalar.cpp": "int f() { return 1; }", "rl.cpp": "#include <cmath>\ndouble g(double x) { return std::exp(x); }"})
    assert libm.returncode == 1 and "imports exp of libm" in libm.stdout
    assert exports(tmp_path / "empty", {}).returncode == 1
