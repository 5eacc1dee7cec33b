# Hand-made targets over an unpacked libtorch (wheel, zip, conda): they need no CUDA toolkit.
set(CROSSILO_TORCH_ROOT "" CACHE PATH "A libtorch tree: the folder with include/ and lib/")
if(NOT CROSSILO_TORCH_ROOT)
  file(GLOB _wheels "$ENV{HOME}/.cache/crossilo/venv/lib/python3*/site-packages/torch")
  list(GET _wheels 0 CROSSILO_TORCH_ROOT)
endif()
foreach(_lib c10 torch_cpu)
  add_library(crossilo_torch_${_lib} SHARED IMPORTED)
  set_target_properties(crossilo_torch_${_lib} PROPERTIES IMPORTED_LOCATION "${CROSSILO_TORCH_ROOT}/lib/lib${_lib}.so")
endforeach()
add_library(crossilo_torch INTERFACE)
# After the system's folders: libtorch brings its own fmt, which must not hide the one that spdlog is built with.
target_compile_options(crossilo_torch INTERFACE "SHELL:-idirafter ${CROSSILO_TORCH_ROOT}/include"
  "SHELL:-idirafter ${CROSSILO_TORCH_ROOT}/include/torch/csrc/api/include")
target_link_libraries(crossilo_torch INTERFACE crossilo_torch_torch_cpu crossilo_torch_c10)
target_link_options(crossilo_torch INTERFACE -Wl,--allow-shlib-undefined)
