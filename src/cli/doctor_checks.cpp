#include "doctor_checks.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/foreign/cuda.hpp"
#include "crossilo/foreign/gpu_libraries.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/launch/guard.hpp"
#include "crossilo/silo/local_silo.hpp"

namespace crossilo {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

Finding fine(const std::string& name, const std::string& found) { return {name, true, found, ""}; }
Finding bad(const std::string& name, const std::string& found, const std::string& fix) {
  return {name, false, found, fix};
}

/// Four rows of two columns, of which the first decides the label.
SiloData small_silo() {
  SiloData data;
  data.schema = {.feature_names = {"a", "b"}, .class_names = {"no", "yes"}, .sample_shape = {2}, .task = Task::binary};
  data.train = {.rows = 4, .x = {-1, 0, 1, 0, -2, 1, 2, 1}, .y = {0, 1, 0, 1}};
  data.test = data.train;
  data.origin = "crossilo doctor";
  return data;
}

/// True when a step of training lowers the loss of four rows.
bool can_train() {
  const PublicRoot root = public_root(1);
  Model model = make_model({.name = "logreg", .inputs = 2, .outputs = 1});
  model.initialise(root);
  const std::vector<float> start(model.parameters().begin(), model.parameters().end());
  auto data = std::make_shared<Dataset>(small_silo(), root, SiloId{0});
  LocalSilo silo(
      {.id = SiloId{0}, .name = "doctor", .data = data, .train = {}, .root = PrivateRoot{SecretKey{Key256{}}}}, model);
  UpdateBuffer update{.parameters = std::vector<float>(start.size()), .statistics = {}};
  (void)silo.train_locally({.cohort = {.silos = {SiloId{0}}, .weights = {1}}}, start, update);
  std::vector<float> trained = start;
  for (std::size_t i = 0; i < trained.size(); ++i) trained[i] += update.parameters[i];
  return silo.evaluate({.parameters = trained}).test.loss < silo.evaluate({.parameters = start}).test.loss;
}

/// "13.0, /usr/lib/…/libcuda.so.1", or "not here".
std::string described(const GpuLibrary& library) {
  if (library.path.empty()) return "not here";
  return fmt::format("{}, {}", library.version.empty() ? "version unknown" : library.version, library.path);
}

}  // namespace

std::string loaded_library(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path != std::string::npos && line.find("/" + name, path) != std::string::npos) return line.substr(path);
  }
  return "";
}

Finding check_libtorch() try {
  const TorchSession session;
  const std::string where = fmt::format("{}, {}", TorchSession::version(), loaded_library("libtorch_cpu.so"));
  if (can_train()) return fine("libtorch", where + "; a step of training lowers the loss");
  return bad("libtorch", where + "; a step of training did not lower the loss", "install it again: jobs/setup.sh");
} catch (const std::exception& error) {
  return bad("libtorch", error.what(), "install it again: jobs/setup.sh");
}

Finding check_cuda() try {
  const CudaDevices devices = find_cuda_devices();
  return fine("CUDA, NCCL", fmt::format("driver {}; NCCL {}; {}", described(find_cuda_driver()), described(find_nccl()),
                                        devices.ids.empty() ? "trains on the CPU: " + devices.none_because
                                                            : fmt::format("GPUs in sight: {}", devices.ids.size())));
} catch (const std::exception& error) {
  return bad("CUDA, NCCL", error.what(), "look at it with nvidia-smi, or train on the CPU: --run.device cpu");
}

Finding check_hdf5() try {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("crossilo-doctor-{}.h5", ::getpid());
  write_silo_file(path.string(), small_silo());
  const bool is_equal = read_silo_file(path.string()).train.x == small_silo().train.x;
  std::filesystem::remove(path);
  if (is_equal) return fine("HDF5", hdf5_version() + ", a silo file was written and read");
  return bad("HDF5", hdf5_version() + ": a silo file came back with other rows", "install the HDF5 library again");
} catch (const std::exception& error) {
  return bad("HDF5", error.what(), "free some space in the folder for temporary files (TMPDIR), or name another");
}

Finding check_shared_memory() {
  constexpr double kWantedMiB = 256.0;
  struct statvfs room {};
  if (::statvfs("/dev/shm", &room) != 0)
    return bad("/dev/shm", "not there",
               "mount it: mount -t tmpfs tmpfs /dev/shm; MPI needs it between ranks of a host");
  const double free_mib = static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize) / kMiB;
  const std::string found = fmt::format("{:.0f} MiB free", free_mib);
  if (free_mib >= kWantedMiB) return fine("/dev/shm", found);
  return bad("/dev/shm", found, fmt::format("give it {:.0f} MiB or more (docker run --shm-size=1g)", kWantedMiB));
}

Finding check_limits() {
  constexpr rlim_t kFilesWanted = 1024;
  constexpr rlim_t kStackWanted = rlim_t{1} << 20;
  const auto limit = [](int resource) {
    rlimit value{};
    return ::getrlimit(static_cast<__rlimit_resource>(resource), &value) == 0 ? value.rlim_cur : RLIM_INFINITY;
  };
  const auto size = [&](int resource) {
    const rlim_t value = limit(resource);
    return value == RLIM_INFINITY ? "unlimited" : fmt::format("{:.4g} MiB", static_cast<double>(value) / kMiB);
  };
  const std::string found =
      fmt::format("{} open files, stack {}, locked memory {}, address space {}", limit(RLIMIT_NOFILE),
                  size(RLIMIT_STACK), size(RLIMIT_MEMLOCK), size(RLIMIT_AS));
  if (limit(RLIMIT_NOFILE) < kFilesWanted) return bad("limits", found, fmt::format("ulimit -n {}", kFilesWanted));
  if (limit(RLIMIT_STACK) < kStackWanted) return bad("limits", found, "ulimit -s 8192");
  return fine("limits", found);
}

Finding check_entropy() try {
  std::array<std::byte, 32> first{};
  std::array<std::byte, 32> second{};
  secure_random(first);
  secure_random(second);
  if (first != second) return fine("entropy", openssl_version() + " gives random bytes");
  return bad("entropy", "the same bytes came twice", "look whether /dev/urandom and getrandom work in this container");
} catch (const std::exception& error) {
  return bad("entropy", error.what(), "look whether /dev/urandom and getrandom work in this container");
}

Finding check_cores() {
  const int usable = usable_cores();
  const long present = ::sysconf(_SC_NPROCESSORS_ONLN);
  const std::string found = fmt::format("{} of {} may be used", usable, present);
  if (usable > 1 || present == 1) return fine("cores", found);
  return bad("cores", found,
             "the ranks of this shell would share one core: ask your launcher for more (--bind-to none)");
}

Finding check_folder() {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (!error && ::access(here.c_str(), W_OK) == 0) return fine("this folder", here.string() + " can be written to");
  return bad("this folder", here.string() + " cannot be written to",
             "start where runs/ and private/ can be made, or name other folders (--runs, data.private_folder)");
}

}  // namespace crossilo
