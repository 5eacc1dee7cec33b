# Compiles CASE twice: as it stands it must succeed, with CROSSILO_MUST_FAIL it must fail with the expected complaint.
file(STRINGS "${CASE}" expected_line REGEX "^// expected: ")
string(REPLACE "// expected: " "" expected "${expected_line}")
if(expected STREQUAL "")
  message(FATAL_ERROR "${CASE}: no `// expected:` line")
endif()
set(compile "${COMPILER}" -std=c++20 -fsyntax-only "-I${INCLUDE}" "${CASE}")

execute_process(COMMAND ${compile} RESULT_VARIABLE result ERROR_VARIABLE complaint)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${CASE}: the twin that is right does not compile:\n${complaint}")
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${compile} -DCROSSILO_MUST_FAIL
  RESULT_VARIABLE result ERROR_VARIABLE complaint)
if(result EQUAL 0)
  message(FATAL_ERROR "${CASE}: it compiles, but must not")
endif()
if(NOT complaint MATCHES "${expected}")
  message(FATAL_ERROR "${CASE}: it fails for another reason than `${expected}`:\n${complaint}")
endif()
