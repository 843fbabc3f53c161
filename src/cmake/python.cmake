# The Python module tutelage._core. In a wheel it lies in the package; in a plain build, in <build>/python/tutelage beside a copy of the package.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
if(NOT pybind11_DIR)
  execute_process(COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir OUTPUT_VARIABLE TUTELAGE_PYBIND11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 3 CONFIG REQUIRED HINTS ${TUTELAGE_PYBIND11_DIR})

file(GLOB TUTELAGE_BINDINGS CONFIGURE_DEPENDS bindings/*.cpp)
pybind11_add_module(_core MODULE NO_EXTRAS ${TUTELAGE_BINDINGS})
target_link_libraries(_core PRIVATE tutelage)
target_compile_options(_core PRIVATE $<$<CONFIG:Release>:-O1> ${TUTELAGE_FP_FLAGS})
set_target_properties(_core PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF)

if(TUTELAGE_IN_WHEEL)
  # libtbb goes beside the module under its SONAME: the wheel then needs nothing of the build environment.
  set_target_properties(_core PROPERTIES INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH ON)
  install(TARGETS _core LIBRARY DESTINATION tutelage)
  install(DIRECTORY examples/judges DESTINATION tutelage)
  if(TUTELAGE_PIP_DEPS)
    install(FILES $<TARGET_FILE:TBB::tbb> DESTINATION tutelage RENAME $<TARGET_SONAME_FILE_NAME:TBB::tbb>)
    file(GLOB TUTELAGE_TBB_LICENSE "${TUTELAGE_PIP_TBB}/../pxr_tbb_dev-*.dist-info/licenses/LICENSE.txt")
    install(FILES ${TUTELAGE_TBB_LICENSE} DESTINATION tutelage RENAME libtbb.LICENSE.txt)
  endif()
else()
  set_target_properties(_core PROPERTIES LIBRARY_OUTPUT_DIRECTORY "$<1:${CMAKE_BINARY_DIR}/python/tutelage>")
  add_custom_command(TARGET _core POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/python/tutelage ${CMAKE_BINARY_DIR}/python/tutelage
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/examples/judges ${CMAKE_BINARY_DIR}/python/tutelage/judges)
endif()
