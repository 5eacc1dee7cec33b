# Install and export: the program, the library, its headers, and what find_package(Crossilo) needs.
include(CMakePackageConfigHelpers)
set(_config_folder "${CMAKE_INSTALL_LIBDIR}/cmake/Crossilo")
install(TARGETS crossilo_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS crossilo EXPORT CrossiloTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/crossilo" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_BINARY_DIR}/include/crossilo/version.hpp" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/crossilo")
install(EXPORT CrossiloTargets NAMESPACE crossilo:: DESTINATION "${_config_folder}")
configure_package_config_file(cmake/CrossiloConfig.cmake.in "${PROJECT_BINARY_DIR}/CrossiloConfig.cmake"
  INSTALL_DESTINATION "${_config_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/CrossiloConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/CrossiloConfig.cmake" "${PROJECT_BINARY_DIR}/CrossiloConfigVersion.cmake"
  cmake/CrossiloTorch.cmake DESTINATION "${_config_folder}")
