#!/usr/bin/env bash
# Builds tests/one_result for other hosts and compares their digests with tests/golden/one_result.json; one line each, any difference fails.
#   PYTHON=...  the Python whose packages hold Eigen, fmt, TBB and JSON     BUILD=...  a build folder with libtutelage.a
#   WORK=...    where to build (default: build/hosts)                       FULL=1     also clang and the emulated processors
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${WORK:-$root/build/hosts}
mkdir -p "$work"
site=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
includes=(-I"$root/include" -isystem "$site/cmeel.prefix/include/eigen3" -isystem "$site/cmeel.prefix/include" -isystem "$site/nlohmann_json/include" -isystem "$site/TBB/include")
tbb=$site/TBB/lib
compiled=("$BUILD/libtutelage.a" "$tbb/libtbb.so" "-Wl,-rpath,$tbb")
golden=$root/tests/golden/one_result.json
first=()
failed=0

build() {  # NAME COMPILER ARGUMENT...; what is included first stands in `first`
  local name=$1 compiler=$2
  shift 2
  if ! "$compiler" -std=c++20 "${first[@]}" "${includes[@]}" "$here/one_result.cpp" -o "$work/$name" "$@" >"$work/$name.log" 2>&1; then
    tail -20 "$work/$name.log"
    echo "hosts: $name does not build"
    failed=1
    return 1
  fi
}
check() {  # NAME COMMAND...
  local name=$1
  shift
  if "$@" --check "$golden" >"$work/out" 2>&1; then
    echo "hosts: $name: $(tail -1 "$work/out")"
  else
    echo "hosts: $name DIFFERS: $(cat "$work/out")"
    failed=1
  fi
}

build O0 g++ -O0 "${compiled[@]}" && check "-O0" "$work/O0"
build native g++ -O3 -march=native "${compiled[@]}" && check "-O3 -march=native" "$work/native"
small="ppo3 ppo3_qwen ppo3_neox ppo3_lora"  # for scalar kernels and emulators
# Header-only, for no set in particular: the scalar kernels stand in the host's own file.
build header_only g++ -O2 -DTUTELAGE_HEADER_ONLY -DFMT_HEADER_ONLY -DEIGEN_FAST_MATH=0 "$tbb/libtbb.so" "-Wl,-rpath,$tbb" &&
  for run in $small; do check "header-only, $run" "$work/header_only" --run "$run"; done

# A library that was linked with -Ofast makes the process flush denormals when it is loaded.
echo 'int nothing;' >"$work/fast.c"
gcc -Ofast -shared -fPIC "$work/fast.c" -o "$work/libfast.so"
check "a preloaded -Ofast library" env LD_PRELOAD="$work/libfast.so" "$work/O0"
check "glibc without FMA and AVX2" env GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2 "$work/O0"

if g++ -std=c++20 -ffast-math "${includes[@]}" -fsyntax-only "$here/one_result.cpp" >"$work/fast_math.log" 2>&1; then
  echo "hosts: -ffast-math was let through"
  failed=1
else
  message=$(grep -m1 -o '#error.*' "$work/fast_math.log" || true)
  case $message in
    *ast-math*) echo "hosts: -ffast-math: $message" ;;
    *) echo "hosts: -ffast-math fails for another reason: $(head -3 "$work/fast_math.log")"; failed=1 ;;
  esac
fi

if [ "${FULL:-0}" = 1 ]; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  clang=$(command -v clang++-16 || command -v clang++ || true)
  if [ -z "$clang" ]; then
    $sudo apt-get install -y -qq --no-install-recommends clang-16 >/dev/null 2>&1 || $sudo apt-get install -y -qq --no-install-recommends clang >/dev/null 2>&1 || true
    clang=$(command -v clang++-16 || command -v clang++ || true)
  fi
  if [ -n "$clang" ]; then
    "$clang" --version | head -1
    build clang "$clang" -O2 "${compiled[@]}" && check "clang" "$work/clang"
    build clang_header_only "$clang" -O2 -mavx2 -mfma -DTUTELAGE_HEADER_ONLY -DFMT_HEADER_ONLY -DEIGEN_FAST_MATH=0 "$tbb/libtbb.so" "-Wl,-rpath,$tbb" &&
      check "clang, header-only, AVX2" "$work/clang_header_only"
  else
    echo "hosts: no clang can be installed: not checked"
  fi
  command -v qemu-x86_64 >/dev/null || $sudo apt-get install -y -qq --no-install-recommends qemu-user >/dev/null 2>&1 || true
  if command -v qemu-x86_64 >/dev/null; then
    for run in $small; do check "qemu-x86_64 -cpu Nehalem, $run" qemu-x86_64 -cpu Nehalem "$work/O0" --run "$run"; done
  else
    echo "hosts: no qemu-user can be installed: not checked"
  fi
  # aarch64, header-only, with Debian's oneTBB for it.
  command -v aarch64-linux-gnu-g++ >/dev/null || $sudo apt-get install -y -qq --no-install-recommends g++-aarch64-linux-gnu >/dev/null 2>&1 || true
  arm=$work/arm64
  if [ ! -e "$arm/usr/lib/aarch64-linux-gnu/libtbb.so.12" ]; then
    $sudo dpkg --add-architecture arm64 && $sudo apt-get update -qq >/dev/null 2>&1 || true
    mkdir -p "$arm"
    (cd "$arm" && apt-get download -qq libtbb12:arm64 libtbb-dev:arm64 >/dev/null 2>&1 || true)
    for deb in "$arm"/*.deb; do [ -e "$deb" ] && dpkg -x "$deb" "$arm"; done
  fi
  library=$arm/usr/lib/aarch64-linux-gnu/libtbb.so.12
  if command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64 >/dev/null && [ -e "$library" ]; then
    first=(-isystem "$arm/usr/include")  # headers and library of one version
    build arm64_header_only aarch64-linux-gnu-g++ -O2 -DTUTELAGE_HEADER_ONLY -DFMT_HEADER_ONLY -DEIGEN_FAST_MATH=0 "$library" -Wl,--allow-shlib-undefined &&
      for run in $small; do
        check "qemu-aarch64, $run" qemu-aarch64 -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$arm/usr/lib/aarch64-linux-gnu" "$work/arm64_header_only" --run "$run"
      done
  else
    echo "hosts: aarch64: the cross compiler, its emulator or oneTBB cannot be installed: not checked"
  fi
fi
exit $failed
