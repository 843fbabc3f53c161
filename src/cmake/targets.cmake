# tutelage::tutelage (compiled) and tutelage::header_only.
set(TUTELAGE_SOURCES
  src/base.cpp
  src/tensor.cpp
  src/kernels.cpp
  src/kernels/scalar.cpp
  src/autograd.cpp
  src/nn.cpp
  src/optim.cpp
  src/text.cpp
  src/env.cpp
  src/prefs.cpp
  src/reward.cpp
  src/rl.cpp
  src/train.cpp
  src/io.cpp)
set(TUTELAGE_KERNEL_SOURCES src/kernels/scalar.cpp)

# Kernels of better instruction sets; which one runs is decided at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  list(APPEND TUTELAGE_SOURCES src/kernels/avx2.cpp src/kernels/avx512.cpp)
  list(APPEND TUTELAGE_KERNEL_SOURCES src/kernels/avx2.cpp src/kernels/avx512.cpp)
  set(TUTELAGE_FLAGS_avx2 -mavx2 -mfma)
  set(TUTELAGE_FLAGS_avx512 -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mavx2)
  set_source_files_properties(src/kernels.cpp PROPERTIES COMPILE_DEFINITIONS TUTELAGE_X86_KERNELS)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # its own avx512fintrin.h sets these two off
    list(APPEND TUTELAGE_FLAGS_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
endif()

# The same bits everywhere: target options stand after the user's CMAKE_CXX_FLAGS, so that these have the last word.
set(TUTELAGE_FP_FLAGS -ffp-contract=off -fno-fast-math)

add_library(tutelage ${TUTELAGE_SOURCES})
add_library(tutelage::tutelage ALIAS tutelage)
target_compile_features(tutelage PUBLIC cxx_std_20)
target_include_directories(tutelage PUBLIC
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_options(tutelage PRIVATE $<$<CONFIG:Release>:-O2> ${TUTELAGE_FP_FLAGS})
if(TUTELAGE_WARNINGS)
  target_compile_options(tutelage PRIVATE -Wall -Wextra)
endif()
# TBB is linked, hence in the export set. Of the other three only headers are used: they leave no trace in it.
target_link_libraries(tutelage PRIVATE TBB::tbb)
foreach(dependency fmt::fmt-header-only Eigen3::Eigen nlohmann_json::nlohmann_json)
  target_include_directories(tutelage SYSTEM PRIVATE $<TARGET_PROPERTY:${dependency},INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_definitions(tutelage PRIVATE $<TARGET_PROPERTY:${dependency},INTERFACE_COMPILE_DEFINITIONS>)
endforeach()
set_target_properties(tutelage PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CXX_EXTENSIONS OFF
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(NOT BUILD_SHARED_LIBS)  # inside another library, ours is nobody's business
  set_target_properties(tutelage PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endif()

# Sanitising unrolled packet code takes a compiler a quarter of an hour a file.
set(TUTELAGE_KERNEL_SANITIZE "")
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  set(TUTELAGE_KERNEL_SANITIZE -fno-sanitize=all)
endif()
foreach(source ${TUTELAGE_KERNEL_SOURCES})
  get_filename_component(set_name ${source} NAME_WE)
  set_source_files_properties(${source} PROPERTIES
    COMPILE_OPTIONS "-O3;${TUTELAGE_FLAGS_${set_name}};${TUTELAGE_FP_FLAGS};${TUTELAGE_KERNEL_SANITIZE}"
    COMPILE_DEFINITIONS "EIGEN_FAST_MATH=0")
endforeach()

add_library(tutelage_header_only INTERFACE)
add_library(tutelage::header_only ALIAS tutelage_header_only)
target_compile_features(tutelage_header_only INTERFACE cxx_std_20)
target_compile_definitions(tutelage_header_only INTERFACE TUTELAGE_HEADER_ONLY EIGEN_FAST_MATH=0)
target_include_directories(tutelage_header_only INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_link_libraries(tutelage_header_only INTERFACE TBB::tbb fmt::fmt-header-only Eigen3::Eigen nlohmann_json::nlohmann_json)
