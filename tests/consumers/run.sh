#!/usr/bin/env bash
# Builds and runs the separate projects beside this script against one installed copy of tutelage, and compares what they print.
#   PYTHON=...   take the dependencies from this Python's packages (as TUTELAGE_PIP_DEPS does), else the machine's
#   BUILD=...    install from this configured build folder instead of building the library again
#   WORK=...     where to build (default: build/consumers)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${WORK:-$root/build/consumers}
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
mkdir -p "$work"

library=(-DCMAKE_BUILD_TYPE=Release)
hints=()
if [ -n "${PYTHON:-}" ]; then
  library+=(-DTUTELAGE_PIP_DEPS=ON "-DPython_EXECUTABLE=$PYTHON")
  site=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  hints=("-DTBB_DIR=$site/TBB/cmake/TBB" "-DCMAKE_PREFIX_PATH=$site/cmeel.prefix" "-DTUTELAGE_JSON_INCLUDE=$site/nlohmann_json/include" -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON)
fi

build=${BUILD:-}
if [ -z "$build" ]; then
  build=$work/library
  cmake -S "$root" -B "$build" "${library[@]}" >"$work/library.log"
  cmake --build "$build" --target tutelage --parallel "$jobs" >>"$work/library.log"
fi
rm -rf "$work/prefix"
cmake --install "$build" --prefix "$work/prefix" >>"$work/library.log"
if grep -rlE 'Eigen|fmt::|nlohmann' "$work"/prefix/lib*/cmake/tutelage/tutelageTargets*.cmake; then
  echo "the export set names Eigen, fmt or JSON"
  exit 1
fi
# The installed copy is used from elsewhere: a path of the build must not be needed.
rm -rf "$work/moved" && mv "$work/prefix" "$work/moved"

consumer() {  # NAME TARGET CMAKE-ARGUMENT...
  local name=$1 target=$2
  shift 2
  if ! { cmake -S "$here/$name" -B "$work/$name" "$@" && cmake --build "$work/$name" --target "$target" --parallel "$jobs"; } >"$work/$name.log" 2>&1; then
    tail -40 "$work/$name.log"
    echo "consumers: $name does not build"
    exit 1
  fi
  "$work/$name/$target" | sed "s/^/$name $target: /" | tee -a "$work/digests"
}

: >"$work/digests"
rm -rf "$work/find_package" "$work/header_only"  # cached package folders may be another installation's
consumer find_package consumer "-Dtutelage_ROOT=$work/moved" "${hints[@]}"
consumer find_package consumer_eigen "-Dtutelage_ROOT=$work/moved" "${hints[@]}"
consumer add_subdirectory consumer "${library[@]}" -DTUTELAGE_WARNINGS=ON
consumer header_only consumer "-Dtutelage_ROOT=$work/moved" "${hints[@]}"
consumer header_only consumer_mixed "-Dtutelage_ROOT=$work/moved" "${hints[@]}"

expected=5

# The same program on each instruction set that this machine has.
sets=(scalar)
grep -qw avx2 /proc/cpuinfo 2>/dev/null && sets+=(avx2)
grep -qw avx512bw /proc/cpuinfo 2>/dev/null && sets+=(avx512)
for isa in "${sets[@]}"; do
  TUTELAGE_ISA=$isa "$work/find_package/consumer" | sed "s/^/find_package consumer on $isa: /" | tee -a "$work/digests"
  expected=$((expected + 1))
done
if grep -qw avx2 /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo; then
  consumer header_only consumer_avx2 "-Dtutelage_ROOT=$work/moved" "${hints[@]}"
  expected=$((expected + 1))
fi

lines=$(grep -c digest "$work/digests")
different=$(sed -n 's/.*digest/digest/p' "$work/digests" | sort -u | wc -l)
if [ "$lines" != "$expected" ] || [ "$different" != 1 ]; then
  echo "consumers: expected $expected equal digests"
  exit 1
fi
echo "consumers: find_package, add_subdirectory, header-only and both modes in one program agree bit for bit"

# The examples, against the same installed copy; three passes over the data make a chatbot that is good enough to be taught.
rm -rf "$work/examples"
{ cmake -S "$root/examples/cpp" -B "$work/examples" "-Dtutelage_ROOT=$work/moved" "${hints[@]}" && cmake --build "$work/examples" --parallel "$jobs"; } >"$work/examples.log" 2>&1 ||
  { tail -40 "$work/examples.log"; exit 1; }
rm -rf "$work/taught"
"$work/examples/teach" "$root/python/tutelage/data/conversations.jsonl" "$work/taught" 3 | tee "$work/taught.log"
read -r before after < <(sed -n 's/^accepted of new wordings: \([0-9]*\) -> \([0-9]*\) of.*/\1 \2/p' "$work/taught.log")
if [ "$after" -le "$before" ] || [ ! -s "$work/taught/model.safetensors" ]; then
  echo "consumers: the example taught nothing"
  exit 1
fi
