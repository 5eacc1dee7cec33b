# The CUDA toolkit and NCCL, for the preset cuda only. CUDA code runs on A100 (80) and H100 or H200 (90) unless told.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "80;90")
endif()
enable_language(CUDA)
if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc speaks C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)  # one runtime: libtorch brings the shared one

find_package(CUDAToolkit QUIET)
if(NOT CUDAToolkit_FOUND)
  crossilo_missing("CUDA toolkit" "install it and put nvcc on PATH, or set CUDAToolkit_ROOT")
endif()
find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${NCCL_ROOT} ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(NCCL_LIBRARY nccl HINTS ${NCCL_ROOT} ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib lib64)
if(NOT NCCL_INCLUDE_DIR OR NOT NCCL_LIBRARY)
  crossilo_missing("NCCL" "install libnccl-dev of the CUDA repository, or set NCCL_ROOT")
endif()
crossilo_stop_if_missing()

file(STRINGS "${NCCL_INCLUDE_DIR}/nccl.h" _lines REGEX "define NCCL_(MAJOR|MINOR|PATCH) [0-9]+")
string(REGEX REPLACE "[^0-9;]+" "" _nccl_version "${_lines}")
string(REPLACE ";" "." _nccl_version "${_nccl_version}")
crossilo_found("CUDA toolkit" "${CUDAToolkit_VERSION}" "${CMAKE_CUDA_COMPILER}, for ${CMAKE_CUDA_ARCHITECTURES}")
crossilo_found("NCCL" "${_nccl_version}" "${NCCL_LIBRARY}")
