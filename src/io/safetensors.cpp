// The format: 8 bytes, little-endian: length of the header; the header, JSON, filled up with blanks to a multiple of 8;
// the tensors' bytes without a gap. Source: github.com/huggingface/safetensors, "Format".
#include "crossilo/io/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/io/atomic_file.hpp"

namespace crossilo {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian numbers");

constexpr std::uint64_t kHeaderBytesMax = 100'000'000;  // the limit of the reference implementation
constexpr const char* kMetadata = "__metadata__";

using Json = nlohmann::ordered_json;

std::string header_text(std::span<const TensorView> tensors, const TensorMetadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::uint64_t begin = 0;
  for (const TensorView& tensor : tensors) {
    std::size_t product = 1;
    for (const std::size_t extent : tensor.shape) product *= extent;
    CROSSILO_ASSERT(product == tensor.values.size());
    CROSSILO_ASSERT(tensor.name != kMetadata && !header.contains(tensor.name));
    const std::uint64_t end = begin + tensor.values.size_bytes();
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

[[noreturn]] void malformed(const std::string& path, const std::string& what) {
  throw DataError(fmt::format("{}: not a well-formed safetensors file: {}; copy or export it again", path, what));
}

/// Where one tensor lies, checked against itself.
struct Entry {
  Tensor tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Entry read_entry(const std::string& path, const std::string& name, const Json& described) {
  Entry entry{{name, {}, {}}, 0, 0};
  const std::string dtype = described.at("dtype").get<std::string>();
  if (dtype != "F32") throw DataError(fmt::format("{}: tensor {} has type {}, F32 is wanted", path, name, dtype));
  const auto number = [&](const Json& value) {
    if (!value.is_number_unsigned()) malformed(path, fmt::format("tensor {} has a size that is no number ≥ 0", name));
    return value.get<std::uint64_t>();
  };
  const Json& offsets = described.at("data_offsets");
  if (!described.at("shape").is_array() || !offsets.is_array() || offsets.size() != 2)
    malformed(path, fmt::format("tensor {} has no list as shape, or no two numbers as data_offsets", name));
  std::uint64_t bytes = sizeof(float);
  for (const Json& extent : described.at("shape")) {
    entry.tensor.shape.push_back(number(extent));
    if (__builtin_mul_overflow(bytes, entry.tensor.shape.back(), &bytes))
      malformed(path, fmt::format("tensor {} is larger than any memory", name));
  }
  entry.begin = number(offsets.at(0));
  entry.end = number(offsets.at(1));
  if (entry.end < entry.begin || entry.end - entry.begin != bytes)
    malformed(path,
              fmt::format("tensor {} takes bytes {} to {}, its shape wants {}", name, entry.begin, entry.end, bytes));
  return entry;
}

/// The entries in the order of their bytes. They must fill the data exactly: no hole, no overlap.
std::vector<Entry> read_entries(const std::string& path, const Json& header, std::uint64_t data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [name, described] : header.items())
    if (name != kMetadata) entries.push_back(read_entry(path, name, described));
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t filled = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != filled)
      malformed(path, fmt::format("tensor {} begins at byte {}, {} expected", entry.tensor.name, entry.begin, filled));
    filled = entry.end;
  }
  if (filled != data_bytes)
    malformed(path, fmt::format("its tensors take {} bytes, the file holds {}", filled, data_bytes));
  return entries;
}

void read_bytes(std::ifstream& file, const std::string& path, void* bytes, std::uint64_t count) {
  if (!file.read(static_cast<char*>(bytes), static_cast<std::streamsize>(count)))
    throw StorageError(path + ": reading failed: " + std::strerror(errno));
}

/// The header of an open file of `file_bytes`; the file stands at the first tensor's byte afterwards.
Json read_header(std::ifstream& file, const std::string& path, std::uint64_t file_bytes, std::uint64_t& header_bytes) {
  if (file_bytes < sizeof(header_bytes)) malformed(path, fmt::format("{} bytes, at least 8 expected", file_bytes));
  read_bytes(file, path, &header_bytes, sizeof(header_bytes));
  const std::uint64_t header_bytes_max = std::min(kHeaderBytesMax, file_bytes - sizeof(header_bytes));
  if (header_bytes > header_bytes_max)
    malformed(path, fmt::format("a header of {} bytes, at most {} possible", header_bytes, header_bytes_max));
  std::string text(header_bytes, '\0');
  read_bytes(file, path, text.data(), header_bytes);
  Json header = Json::parse(text);
  if (!header.is_object()) malformed(path, "the header is no JSON object");
  return header;
}

}  // namespace

void write_safetensors(const std::string& path, std::span<const TensorView> tensors, const TensorMetadata& metadata) {
  std::string header;
  try {
    header = header_text(tensors, metadata);
  } catch (const Json::exception& failure) {
    throw StorageError(path + ": a name or metadata is not UTF-8: " + failure.what());
  }
  const std::uint64_t header_bytes = header.size();
  std::vector<std::span<const std::byte>> pieces{std::as_bytes(std::span(&header_bytes, 1)),
                                                 std::as_bytes(std::span(header))};
  for (const TensorView& tensor : tensors) pieces.push_back(std::as_bytes(tensor.values));
  write_file_atomically(path, pieces);
}

TensorFile read_safetensors(const std::string& path) try {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
  if (!file || error)
    throw StorageError(path + ": cannot be read: " + (error ? error.message() : std::strerror(errno)));
  std::uint64_t header_bytes = 0;
  const Json header = read_header(file, path, file_bytes, header_bytes);
  TensorFile result;
  if (header.contains(kMetadata)) result.metadata = header.at(kMetadata).get<TensorMetadata>();
  for (Entry& entry : read_entries(path, header, file_bytes - sizeof(header_bytes) - header_bytes)) {
    entry.tensor.values.resize((entry.end - entry.begin) / sizeof(float));
    read_bytes(file, path, entry.tensor.values.data(), entry.end - entry.begin);
    result.tensors.push_back(std::move(entry.tensor));
  }
  return result;
} catch (const Json::exception& failure) {
  malformed(path, fmt::format("its header: {}", failure.what()));
}

}  // namespace crossilo
