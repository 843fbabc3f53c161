# Eigen3::Eigen, fmt::fmt-header-only, TBB::tbb and nlohmann_json::nlohmann_json, from one of two worlds, never a mixture:
# the machine's packages (find_package), or, with TUTELAGE_PIP_DEPS, the Python environment's.
# TUTELAGE_FETCH_DEPS downloads what the first does not have.
include(FetchContent)
include(${CMAKE_CURRENT_LIST_DIR}/json.cmake)

set(TUTELAGE_APT_LINE "apt install libeigen3-dev libfmt-dev libtbb-dev nlohmann-json3-dev")
set(TUTELAGE_PIP_LINE "pip install cmeel-eigen cmeel-fmt pxr-tbb-dev nlohmann-json    (then configure with -DTUTELAGE_PIP_DEPS=ON)")

function(tutelage_missing what)
  message(FATAL_ERROR "tutelage needs ${what}, which was not found. Install the dependencies with one of\n  ${TUTELAGE_APT_LINE}\n  ${TUTELAGE_PIP_LINE}\n"
    "or configure with -DTUTELAGE_FETCH_DEPS=ON to download what is missing.")
endfunction()

if(TUTELAGE_PIP_DEPS)
  find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)
  # Where the packages of this interpreter lie. An isolated build has several such folders.
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "
import importlib.metadata as m, pathlib
def home(name, inside):
    try:
        files = m.distribution(name).locate_file(inside)
    except m.PackageNotFoundError:
        return ''
    return pathlib.Path(files).resolve().as_posix() if pathlib.Path(files).exists() else ''
print(';'.join([home('cmeel-eigen', 'cmeel.prefix'), home('cmeel-fmt', 'cmeel.prefix'), home('pxr-tbb-dev', 'TBB'), home('nlohmann-json', 'nlohmann_json/include')]))"
    OUTPUT_VARIABLE TUTELAGE_PIP_HOMES OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(GET TUTELAGE_PIP_HOMES 0 TUTELAGE_PIP_EIGEN)
  list(GET TUTELAGE_PIP_HOMES 1 TUTELAGE_PIP_FMT)
  list(GET TUTELAGE_PIP_HOMES 2 TUTELAGE_PIP_TBB)
  list(GET TUTELAGE_PIP_HOMES 3 TUTELAGE_PIP_JSON)
  foreach(package EIGEN FMT TBB JSON)
    if(NOT TUTELAGE_PIP_${package})
      message(FATAL_ERROR "TUTELAGE_PIP_DEPS is on and ${Python_EXECUTABLE} lacks the package that holds ${package}.\n  ${TUTELAGE_PIP_LINE}")
    endif()
  endforeach()
  # Stale cache entries must not lead elsewhere: a build folder that outlives an isolated environment is configured anew.
  foreach(name Eigen3_DIR fmt_DIR TBB_DIR nlohmann_json_DIR TUTELAGE_JSON_INCLUDE)
    unset(${name} CACHE)
  endforeach()
  find_package(Eigen3 3.4 CONFIG REQUIRED PATHS "${TUTELAGE_PIP_EIGEN}" NO_DEFAULT_PATH)
  find_package(fmt CONFIG REQUIRED PATHS "${TUTELAGE_PIP_FMT}" NO_DEFAULT_PATH)
  find_package(TBB CONFIG REQUIRED PATHS "${TUTELAGE_PIP_TBB}/cmake/TBB" NO_DEFAULT_PATH)
  tutelage_json_target("${TUTELAGE_PIP_JSON}")
  return()
endif()

if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 3.4 CONFIG QUIET)
endif()
if(NOT TARGET fmt::fmt-header-only)
  find_package(fmt CONFIG QUIET)
endif()
if(NOT TARGET TBB::tbb)
  find_package(TBB CONFIG QUIET)
endif()
tutelage_find_json()

if(TUTELAGE_FETCH_DEPS)
  if(NOT TARGET Eigen3::Eigen)
    # Headers only: Eigen's own project would bring its tests and BLAS along.
    FetchContent_Declare(tutelage_eigen GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git GIT_TAG 3.4.0 GIT_SHALLOW ON SOURCE_SUBDIR none)
    FetchContent_MakeAvailable(tutelage_eigen)
    add_library(tutelage_eigen_headers INTERFACE IMPORTED GLOBAL)
    target_include_directories(tutelage_eigen_headers INTERFACE ${tutelage_eigen_SOURCE_DIR})
    add_library(Eigen3::Eigen ALIAS tutelage_eigen_headers)
  endif()
  if(NOT TARGET fmt::fmt-header-only)
    FetchContent_Declare(fmt GIT_REPOSITORY https://github.com/fmtlib/fmt.git GIT_TAG 10.2.1 GIT_SHALLOW ON)
    FetchContent_MakeAvailable(fmt)
  endif()
  if(NOT TARGET TBB::tbb)
    set(TBB_TEST OFF CACHE BOOL "" FORCE)
    FetchContent_Declare(TBB GIT_REPOSITORY https://github.com/uxlfoundation/oneTBB.git GIT_TAG v2021.13.0 GIT_SHALLOW ON)
    FetchContent_MakeAvailable(TBB)
  endif()
  if(NOT TARGET nlohmann_json::nlohmann_json)
    FetchContent_Declare(nlohmann_json GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.3 GIT_SHALLOW ON)
    FetchContent_MakeAvailable(nlohmann_json)
  endif()
endif()

foreach(target Eigen3::Eigen fmt::fmt-header-only TBB::tbb nlohmann_json::nlohmann_json)
  if(NOT TARGET ${target})
    tutelage_missing(${target})
  endif()
endforeach()
