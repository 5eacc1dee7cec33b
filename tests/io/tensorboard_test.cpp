// Aim: an events file is what TensorBoard's format says, to the last byte.
// Method: known CRCs; a reader of its own that checks every CRC and decodes the protocol buffers it finds.
#include "crossilo/io/tensorboard.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <variant>

#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

TEST(Crc32c, HasTheValuesOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

template <class Number>
Number take(std::string_view& bytes) {
  Number number{};
  EXPECT_GE(bytes.size(), sizeof number);
  std::memcpy(&number, bytes.data(), sizeof number);  // the machines of this program are little-endian
  bytes.remove_prefix(sizeof number);
  return number;
}

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = take<std::uint8_t>(bytes);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80u) == 0) break;
  }
  return value;
}

using Field = std::variant<std::uint64_t, double, float, std::string>;
using Message = std::multimap<unsigned, Field>;

Message decoded(std::string_view bytes) {
  Message message;
  while (!bytes.empty()) {
    const std::uint64_t key = take_varint(bytes);
    const auto number = static_cast<unsigned>(key >> 3);
    switch (key & 7u) {
      case 0:
        message.emplace(number, take_varint(bytes));
        break;
      case 1:
        message.emplace(number, take<double>(bytes));
        break;
      case 5:
        message.emplace(number, take<float>(bytes));
        break;
      case 2: {
        const std::size_t size = take_varint(bytes);
        message.emplace(number, std::string(bytes.substr(0, size)));
        bytes.remove_prefix(size);
        break;
      }
      default:
        ADD_FAILURE() << "wire type " << (key & 7u);
        return message;
    }
  }
  return message;
}

template <class Value>
Value only(const Message& message, unsigned number) {
  EXPECT_EQ(message.count(number), 1u) << "field " << number;
  return message.count(number) == 1 ? std::get<Value>(message.find(number)->second) : Value{};
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

std::vector<Message> events_of(const std::string& file) {
  std::vector<Message> events;
  std::string_view bytes = file;
  while (!bytes.empty()) {
    const std::string_view length_bytes = bytes.substr(0, 8);
    const auto length = take<std::uint64_t>(bytes);
    EXPECT_EQ(take<std::uint32_t>(bytes), masked(crc32c(length_bytes)));
    const std::string_view event = bytes.substr(0, length);
    bytes.remove_prefix(length);
    EXPECT_EQ(take<std::uint32_t>(bytes), masked(crc32c(event)));
    events.push_back(decoded(event));
  }
  return events;
}

std::string only_file_of(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path().string());
  EXPECT_EQ(files.size(), 1u);
  return files.front();
}

TEST(EventFile, HoldsScalarsByStep) {
  const TemporaryFolder folder;
  {
    EventFile events(folder.path("tensorboard"), 1000.5, 0);
    events.append(1001.25, 1, {{"loss/held_back", 0.5}, {"accuracy/held_back", 0.75}});
    events.append(1002.25, 300, {{"loss/held_back", 0.25}});
  }
  const std::string file = only_file_of(folder.path("tensorboard"));
  EXPECT_HAS(file, "/events.out.tfevents.0000001000.");
  const std::vector<Message> events = events_of(TemporaryFolder::read(file));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(only<double>(events[0], 1), 1000.5);
  EXPECT_EQ(only<std::string>(events[0], 3), "brain.Event:2");
  EXPECT_EQ(only<double>(events[1], 1), 1001.25);
  EXPECT_EQ(only<std::uint64_t>(events[1], 2), 1u);
  EXPECT_EQ(only<std::uint64_t>(events[2], 2), 300u);
  std::map<std::string, float> values;
  for (const auto& [number, field] : decoded(only<std::string>(events[1], 5))) {
    EXPECT_EQ(number, 1u);
    const Message value = decoded(std::get<std::string>(field));
    values[only<std::string>(value, 1)] = only<float>(value, 2);
  }
  EXPECT_EQ(values, (std::map<std::string, float>{{"loss/held_back", 0.5f}, {"accuracy/held_back", 0.75f}}));
}

TEST(EventFile, AResumedOneTellsFromWhichStepOn) {
  const TemporaryFolder folder;
  { const EventFile events(folder.path("tensorboard"), 1000.0, 17); }
  const std::vector<Message> events = events_of(TemporaryFolder::read(only_file_of(folder.path("tensorboard"))));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(only<std::uint64_t>(events[1], 2), 17u);
  EXPECT_EQ(only<std::uint64_t>(decoded(only<std::string>(events[1], 7)), 1), 1u);  // SessionLog: START
}

}  // namespace
}  // namespace crossilo
