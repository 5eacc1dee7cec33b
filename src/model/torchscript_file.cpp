#include "torchscript_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

/// Room for half a billion float32 parameters; a model's every round moves as many bytes.
constexpr std::uintmax_t kFileBytesMax = std::uintmax_t{2} << 30;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw ConfigError("TorchScript file " + path + ": " + what);
}

std::string read_all(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) refuse(path, "no such file");
  if (!fs::is_regular_file(status)) refuse(path, "not a regular file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) refuse(path, "cannot be read: " + error.message());
  if (size > kFileBytesMax)
    refuse(path, std::to_string(size) + " bytes; at most " + std::to_string(kFileBytesMax) + " are allowed");
  std::string bytes(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size)))
    refuse(path, std::string("cannot be read: ") + std::strerror(errno));
  return bytes;
}

/// Names what people hand over by mistake. Archives keep the names of their parts in clear.
void refuse_what_is_no_torchscript(const std::string& path, const std::string& bytes) {
  constexpr const char* kAdvice = "; in Python: torch.jit.script(model).save(\"m.pt\") (see crossilo model template)";
  if (bytes.starts_with("\x80\x02") || (bytes.starts_with("PK") && bytes.find("/constants.pkl") == std::string::npos))
    refuse(path, std::string("no TorchScript: it looks like a state_dict or a model saved by torch.save, which only "
                             "Python can read") +
                     kAdvice);
  if (!bytes.starts_with("PK"))
    refuse(path, std::string("no TorchScript: it does not begin like an archive (PK)") + kAdvice);
}

}  // namespace

TorchscriptFile read_torchscript_file(const std::string& path, const std::string& expected_sha256) {
  TorchscriptFile file{.bytes = read_all(path), .sha256 = {}, .is_traced = false};
  file.sha256 = to_hex(sha256(std::as_bytes(std::span(file.bytes))));
  if (!expected_sha256.empty() && file.sha256 != expected_sha256)
    refuse(path, "its SHA-256 is " + file.sha256 + ", expected " + expected_sha256 +
                     "; this is not the file that was agreed on");
  refuse_what_is_no_torchscript(path, file.bytes);
  file.is_traced = file.bytes.find("/traced_inputs.pkl") != std::string::npos;
  return file;
}

}  // namespace crossilo
