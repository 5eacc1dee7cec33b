#include "crossilo/foreign/gpu_libraries.hpp"

#include <dlfcn.h>
#include <link.h>

#include <memory>

namespace crossilo {
namespace {

/// cuDriverGetVersion and ncclGetVersion are alike: a number through a pointer, 0 returned when all went well.
using VersionCall = int (*)(int*);

struct Found {
  std::string path;
  int version = 0;
};

Found ask(const char* library, const char* version_call) {
  const std::unique_ptr<void, int (*)(void*)> handle(::dlopen(library, RTLD_LAZY | RTLD_LOCAL), [](void* loaded) {
    return loaded == nullptr ? 0 : ::dlclose(loaded);
  });
  Found found;
  link_map* map = nullptr;
  if (handle == nullptr || ::dlinfo(handle.get(), RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) return found;
  found.path = map->l_name;
  const auto call = reinterpret_cast<VersionCall>(::dlsym(handle.get(), version_call));
  if (call == nullptr || call(&found.version) != 0) found.version = 0;
  return found;
}

}  // namespace

GpuLibrary find_cuda_driver() {
  const auto [path, version] = ask("libcuda.so.1", "cuDriverGetVersion");  // 13000: 13.0
  if (version == 0) return {path, ""};
  return {path, std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10)};
}

GpuLibrary find_nccl() {
  const auto [path, version] = ask("libnccl.so.2", "ncclGetVersion");  // 22703: 2.27.3
  if (version == 0) return {path, ""};
  return {path, std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
                    std::to_string(version % 100)};
}

}  // namespace crossilo
