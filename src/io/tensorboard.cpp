#include "crossilo/io/tensorboard.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <filesystem>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/communicator.hpp"

namespace crossilo {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}

/// The last `Bytes` bytes of a number, the lowest first.
template <int Bytes>
std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < Bytes; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffu);
  return bytes;
}

/// A CRC stored beside what it covers would make a file of files hard to check: TFRecord stores it rotated and shifted.
std::string masked_crc(std::string_view bytes) { return little_endian<4>(std::rotr(crc32c(bytes), 15) + 0xa282ead8u); }

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80u; value >>= 7) bytes += static_cast<char>((value & 0x7fu) | 0x80u);
  return bytes + static_cast<char>(value);
}

// Fields of a protocol buffer: a key (number, wire type), then the value.
std::string key(unsigned number, unsigned wire_type) { return varint(number << 3 | wire_type); }
std::string double_field(unsigned number, double value) {
  return key(number, 1) + little_endian<8>(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(unsigned number, float value) {
  return key(number, 5) + little_endian<4>(std::bit_cast<std::uint32_t>(value));
}
std::string integer_field(unsigned number, std::int64_t value) {
  return key(number, 0) + varint(static_cast<std::uint64_t>(value));
}
std::string bytes_field(unsigned number, std::string_view bytes) {
  return key(number, 2) + varint(bytes.size()) + std::string(bytes);
}

// Numbers of fields in event.proto and summary.proto.
constexpr unsigned kWallTime = 1;
constexpr unsigned kStep = 2;
constexpr unsigned kFileVersion = 3;
constexpr unsigned kSummary = 5;
constexpr unsigned kSessionLog = 7;
constexpr unsigned kSessionStatus = 1;
constexpr std::int64_t kSessionStart = 1;
constexpr unsigned kSummaryValue = 1;
constexpr unsigned kTag = 1;
constexpr unsigned kSimpleValue = 2;

std::string path_of(const std::string& folder, double wall_time) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw StorageError(folder + ": cannot be made: " + error.message());
  return fmt::format("{}/events.out.tfevents.{:010.0f}.{}.{}", folder, wall_time, host_name(), ::getpid());
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xffu];
  return crc ^ 0xffffffffu;
}

EventFile::EventFile(const std::string& folder, double wall_time, std::int64_t resumed_step)
    : file_(path_of(folder, wall_time)) {
  append_record(double_field(kWallTime, wall_time) + bytes_field(kFileVersion, "brain.Event:2"));
  if (resumed_step > 0)
    append_record(double_field(kWallTime, wall_time) + integer_field(kStep, resumed_step) +
                  bytes_field(kSessionLog, integer_field(kSessionStatus, kSessionStart)));
}

void EventFile::append(double wall_time, std::int64_t step, const Scalars& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars)
    summary +=
        bytes_field(kSummaryValue, bytes_field(kTag, tag) + float_field(kSimpleValue, static_cast<float>(value)));
  append_record(double_field(kWallTime, wall_time) + integer_field(kStep, step) + bytes_field(kSummary, summary));
}

void EventFile::append_record(std::string_view event) {
  const std::string length = little_endian<8>(event.size());
  file_.append(length + masked_crc(length) + std::string(event) + masked_crc(event));
}

}  // namespace crossilo
