# Hand-made targets over an unpacked libtorch (wheel, zip, conda, module): they need no CUDA toolkit, which
# find_package(Torch) does. Nothing links libtorch_cuda: it would add 230 MB to every rank. Makes crossilo_torch.
# The installed CrossiloConfig.cmake includes this file too.
set(CROSSILO_TORCH_VERSION_MIN 2.11 CACHE STRING "The oldest libtorch to accept; older ones are untested")
set(_torch_advice "Run jobs/setup.sh, or set CROSSILO_TORCH_ROOT to a libtorch: the folder with include/ and lib/.")

# The user's own comes first, then the wheel that jobs/setup.sh unpacks.
if(NOT CROSSILO_TORCH_ROOT AND DEFINED ENV{CROSSILO_TORCH_ROOT})
  set(CROSSILO_TORCH_ROOT "$ENV{CROSSILO_TORCH_ROOT}")
endif()
if(NOT CROSSILO_TORCH_ROOT AND NOT Torch_DIR AND DEFINED ENV{Torch_DIR})
  set(Torch_DIR "$ENV{Torch_DIR}")
endif()
if(NOT CROSSILO_TORCH_ROOT AND Torch_DIR)
  get_filename_component(CROSSILO_TORCH_ROOT "${Torch_DIR}/../../.." ABSOLUTE)
endif()
if(NOT CROSSILO_TORCH_ROOT)
  set(_cache "$ENV{XDG_CACHE_HOME}")
  if(NOT _cache)
    set(_cache "$ENV{HOME}/.cache")
  endif()
  foreach(_minor RANGE 9 19)
    if(EXISTS "${_cache}/crossilo/venv/lib/python3.${_minor}/site-packages/torch/lib/libtorch_cpu.so")
      set(CROSSILO_TORCH_ROOT "${_cache}/crossilo/venv/lib/python3.${_minor}/site-packages/torch")
    endif()
  endforeach()
endif()
set(CROSSILO_TORCH_ROOT "${CROSSILO_TORCH_ROOT}" CACHE PATH "A libtorch tree: the folder with include/ and lib/")
if(NOT CROSSILO_TORCH_ROOT)
  message(FATAL_ERROR "No libtorch found. ${_torch_advice}")
endif()

set(CROSSILO_TORCH_VERSION "")
foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT CROSSILO_TORCH_VERSION AND EXISTS "${CROSSILO_TORCH_ROOT}/include/${_header}")
    file(STRINGS "${CROSSILO_TORCH_ROOT}/include/${_header}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE "[^0-9;]+" "" CROSSILO_TORCH_VERSION "${_lines}")
    string(REPLACE ";" "." CROSSILO_TORCH_VERSION "${CROSSILO_TORCH_VERSION}")
  endif()
endforeach()
if(NOT CROSSILO_TORCH_VERSION OR NOT EXISTS "${CROSSILO_TORCH_ROOT}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "${CROSSILO_TORCH_ROOT} is no libtorch: include/…/version.h or lib/libtorch_cpu.so is not there. "
    "${_torch_advice}")
endif()
if(CROSSILO_TORCH_VERSION VERSION_LESS CROSSILO_TORCH_VERSION_MIN)
  message(FATAL_ERROR "Found libtorch ${CROSSILO_TORCH_VERSION} in ${CROSSILO_TORCH_ROOT}; expected "
    "${CROSSILO_TORCH_VERSION_MIN} or newer. ${_torch_advice} To try it anyway: -DCROSSILO_TORCH_VERSION_MIN=…")
endif()
# libtorch's folders come last among the include folders (below), so another one in the compiler's own would win.
foreach(_folder /usr/include /usr/local/include)
  if(EXISTS "${_folder}/torch/csrc" AND NOT "${CROSSILO_TORCH_ROOT}/include" STREQUAL _folder)
    message(FATAL_ERROR "${_folder}/torch would hide the headers of ${CROSSILO_TORCH_ROOT}: "
      "remove that libtorch (apt remove libtorch-dev).")
  endif()
endforeach()

foreach(_lib c10 torch_cpu)
  add_library(crossilo_torch_${_lib} SHARED IMPORTED GLOBAL)
  set_target_properties(crossilo_torch_${_lib} PROPERTIES IMPORTED_LOCATION "${CROSSILO_TORCH_ROOT}/lib/lib${_lib}.so")
endforeach()
add_library(crossilo_torch INTERFACE IMPORTED GLOBAL)
# After the system's folders: libtorch brings its own fmt, which must not hide the one that spdlog is built with.
target_compile_options(crossilo_torch INTERFACE "SHELL:-idirafter ${CROSSILO_TORCH_ROOT}/include"
  "SHELL:-idirafter ${CROSSILO_TORCH_ROOT}/include/torch/csrc/api/include")
if(CMAKE_CXX_FLAGS MATCHES "undefined")  # that check wants names of types which libtorch keeps to itself
  target_compile_options(crossilo_torch INTERFACE -fno-sanitize=vptr)
endif()
# libtorch carries a few functions of the C++ library; the compiler's own stands before it, or --as-needed keeps libtorch.
target_link_libraries(crossilo_torch INTERFACE stdc++ crossilo_torch_torch_cpu crossilo_torch_c10)
target_link_options(crossilo_torch INTERFACE -Wl,--allow-shlib-undefined)
