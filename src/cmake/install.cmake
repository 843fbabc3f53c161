include(CMakePackageConfigHelpers)
set(TUTELAGE_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tutelage)

install(TARGETS tutelage EXPORT tutelageTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/tutelage DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp")
install(EXPORT tutelageTargets NAMESPACE tutelage:: DESTINATION ${TUTELAGE_CONFIG_DIR})

configure_package_config_file(src/cmake/tutelageConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/tutelageConfig.cmake
  INSTALL_DESTINATION ${TUTELAGE_CONFIG_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tutelageConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tutelageConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/tutelageConfigVersion.cmake src/cmake/json.cmake
  DESTINATION ${TUTELAGE_CONFIG_DIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
