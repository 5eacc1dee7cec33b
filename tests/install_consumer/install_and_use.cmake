# Aim: an installed Crossilo starts without LD_LIBRARY_PATH, and find_package(Crossilo) is all that a program needs.
# Method: install into a folder of our own; run what is there; configure, build and run a project that knows only it.
unset(ENV{LD_LIBRARY_PATH})
unset(ENV{CROSSILO_TORCH_ROOT})
set(prefix "${SCRATCH}/prefix")
file(REMOVE_RECURSE "${prefix}" "${SCRATCH}/build")

function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
run("${prefix}/bin/crossilo" --version)
if(NOT output MATCHES "crossilo +${VERSION}")
  message(FATAL_ERROR "crossilo --version said: ${output}")
endif()
run("${CMAKE_COMMAND}" -G Ninja -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${SCRATCH}/build" "-DCMAKE_PREFIX_PATH=${prefix}"
  "-DCMAKE_BUILD_TYPE=${CONFIG}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_C_COMPILER=${CC}")
run("${CMAKE_COMMAND}" --build "${SCRATCH}/build")
run("${SCRATCH}/build/consumer")
if(NOT output MATCHES "^${VERSION} crossilo/1")
  message(FATAL_ERROR "the consumer said: ${output}")
endif()
message(STATUS "${output}")
