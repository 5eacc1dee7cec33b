# The table that configuring ends with, and the one message about everything that is missing.

# crossilo_found(LABEL VERSION WHERE): one line of the table.
function(crossilo_found label version where)
  string(REPLACE ";" "," where "${where}")
  string(LENGTH "${label}" used)
  math(EXPR gap "22 - ${used}")
  string(REPEAT " " ${gap} gap)
  string(LENGTH "${version}" used)
  math(EXPR gap_after "12 - ${used}")
  if(gap_after LESS 1)
    set(gap_after 1)
  endif()
  string(REPEAT " " ${gap_after} gap_after)
  set_property(GLOBAL APPEND PROPERTY CROSSILO_FOUND "${label}${gap}${version}${gap_after}${where}")
endfunction()

# crossilo_off(WHAT WHY): something optional that this build goes without.
function(crossilo_off what why)
  set_property(GLOBAL APPEND PROPERTY CROSSILO_OFF "${what}: ${why}")
endfunction()

# crossilo_missing(WHAT HOW): something needed that is not there; reported together by crossilo_stop_if_missing().
function(crossilo_missing what how)
  set_property(GLOBAL APPEND PROPERTY CROSSILO_MISSING "${what}: ${how}")
endfunction()

function(crossilo_stop_if_missing)
  get_property(missing GLOBAL PROPERTY CROSSILO_MISSING)
  if(missing)
    list(JOIN missing "\n  " lines)
    message(FATAL_ERROR "What the build needs is not all here:\n  ${lines}\n"
      "On Debian 12 and Ubuntu 24.04 jobs/setup.sh brings it; elsewhere see docs/install.md.")
  endif()
endfunction()

function(crossilo_print_summary)
  get_property(found GLOBAL PROPERTY CROSSILO_FOUND)
  get_property(off GLOBAL PROPERTY CROSSILO_OFF)
  message(STATUS "")
  message(STATUS "crossilo ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE}, warnings as errors: ${CROSSILO_WERROR}")
  foreach(line IN LISTS found)
    message(STATUS "  ${line}")
  endforeach()
  foreach(line IN LISTS off)
    message(STATUS "  off  ${line}")
  endforeach()
  message(STATUS "")
endfunction()
