// Aim: numbers of a run as TensorBoard reads them, without any library of TensorFlow.
//
// A file is a row of TFRecords (length, its masked CRC-32C, payload, its masked CRC-32C; all little-endian), each
// payload a protocol buffer `Event`. Sources: tensorflow/core/lib/io/record_writer.h, core/util/event.proto,
// core/framework/summary.proto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crossilo/io/append_file.hpp"

namespace crossilo {

/// CRC-32C (Castagnoli) of the bytes. Source: RFC 3720, appendix B.4.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

/// Writes one events file.
class EventFile {
 public:
  using Scalars = std::vector<std::pair<std::string, double>>;  // tag and value

  /// Begins FOLDER/events.out.tfevents.SECONDS.HOST.PID. Where `resumed_step` is above 0, TensorBoard is told to forget
  /// what earlier files of the folder say of that step and later ones. Throws: StorageError.
  EventFile(const std::string& folder, double wall_time, std::int64_t resumed_step);
  /// The scalars of one step; each becomes a float. Throws: StorageError.
  void append(double wall_time, std::int64_t step, const Scalars& scalars);

 private:
  void append_record(std::string_view event);
  AppendFile file_;
};

}  // namespace crossilo
