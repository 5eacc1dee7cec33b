// Aim: what is written is read back, by Python's safetensors too; a damaged file is refused before memory is taken.
// Method: round trips, hand-made headers, every cut of a small file, and one run of Python.
#include "crossilo/io/safetensors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

#include "crossilo/base/error.hpp"
#include "crossilo/io/atomic_file.hpp"

namespace crossilo {
namespace {

std::string path_of(const std::string& name) { return testing::TempDir() + "crossilo_" + name + ".safetensors"; }

/// Two tensors and metadata.
std::string write_sample(const std::string& name) {
  const std::vector<float> weight{1.5f, -0.0f, std::numeric_limits<float>::denorm_min(), 4.0f, 5.0f, 6.0f};
  const std::vector<float> bias{std::numeric_limits<float>::quiet_NaN()};
  const std::vector<TensorView> tensors{{"weight", {2, 3}, weight}, {"bias", {}, bias}, {"empty", {0, 4}, {}}};
  write_safetensors(path_of(name), tensors, {{"features", "[\"age\", \"größe\"]"}, {"round", "31"}});
  return path_of(name);
}

std::string with_header(const std::string& json, std::size_t data_bytes, std::uint64_t declared_bytes) {
  std::string file(sizeof(declared_bytes), '\0');
  std::memcpy(file.data(), &declared_bytes, sizeof(declared_bytes));
  return file + json + std::string(data_bytes, '\1');
}

std::string with_header(const std::string& json, std::size_t data_bytes) {
  return with_header(json, data_bytes, json.size());
}

/// What the reader says about a file's bytes.
std::string refusal(const std::string& bytes) {
  const std::string path = path_of("damaged");
  write_file_atomically(path, bytes);
  try {
    (void)read_safetensors(path);
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()).find(path), 0u) << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(Safetensors, ReadsBackWhatWasWritten) {
  const TensorFile file = read_safetensors(write_sample("round_trip"));
  ASSERT_EQ(file.tensors.size(), 3u);
  EXPECT_EQ(file.tensors[0].name, "weight");
  EXPECT_EQ(file.tensors[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(file.tensors[0].values[2], std::numeric_limits<float>::denorm_min());
  EXPECT_TRUE(std::signbit(file.tensors[0].values[1]));
  const auto& bias = file.tensors[1].name == "bias" ? file.tensors[1] : file.tensors[2];
  EXPECT_TRUE(bias.shape.empty());
  ASSERT_EQ(bias.values.size(), 1u);
  EXPECT_TRUE(std::isnan(bias.values[0]));
  EXPECT_EQ(file.metadata.at("features"), "[\"age\", \"größe\"]");
}

TEST(Safetensors, EqualInputGivesAnEqualFile) {
  EXPECT_EQ(read_file_if_there(write_sample("one")), read_file_if_there(write_sample("two")));
}

TEST(Safetensors, RefusesEveryCutAndEveryAddition) {
  const std::string bytes = read_file_if_there(write_sample("whole")).value();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(refusal(bytes.substr(0, size)), "accepted") << size << " of " << bytes.size() << " bytes";
  EXPECT_NE(refusal(bytes + "x"), "accepted");
}

TEST(Safetensors, RefusesHeadersThatLie) {
  const auto tensor = [](const std::string& shape, const std::string& offsets, const std::string& type = "F32") {
    return "{\"a\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
  };
  EXPECT_EQ(refusal(with_header(tensor("[2]", "[0,8]"), 8)), "accepted");
  EXPECT_NE(refusal(with_header(tensor("[2]", "[0,8]"), 8, 1ull << 62)).find("at most "), std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[2]", "[0,4]"), 4)).find("its shape wants 8"), std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[2]", "[8,0]"), 8)), "accepted");
  EXPECT_NE(refusal(with_header(tensor("[2]", "[4,12]"), 12)).find("begins at byte 4, 0 expected"), std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[4611686018427387904]", "[0,0]"), 0)).find("larger than any memory"),
            std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[1000000000000]", "[0,4000000000000]"), 8)).find("the file holds 8"),
            std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[-2]", "[0,8]"), 8)).find("no number ≥ 0"), std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[2]", "[0,8]", "F16"), 8)).find("F32 is wanted"), std::string::npos);
  EXPECT_NE(refusal(with_header(tensor("[2]", "[0,8,8]"), 8)), "accepted");
  EXPECT_NE(refusal(with_header(tensor("2", "[0,8]"), 8)), "accepted");
  EXPECT_NE(refusal(with_header(tensor("{\"x\":2}", "[0,8]"), 8)), "accepted");
  EXPECT_NE(refusal(with_header("{\"a\":{}}", 0)), "accepted");
  EXPECT_NE(refusal(with_header("[1]", 0)), "accepted");
  EXPECT_NE(refusal(with_header("{\"a\":", 0)), "accepted");
  EXPECT_NE(refusal(with_header("{\"__metadata__\":{\"round\":3}}", 0)), "accepted");
}

TEST(Safetensors, SaysThatAFileIsMissing) {
  EXPECT_THROW((void)read_safetensors("/no/such.safetensors"), StorageError);
  EXPECT_THROW(write_safetensors("/no/such/folder/a.safetensors", {}, {}), StorageError);
}

TEST(Safetensors, PythonReadsIt) {
  const std::string python = CROSSILO_PYTHON;
  if (python.empty()) GTEST_SKIP() << "no Python with safetensors was found: run jobs/setup.sh and configure again";
  const std::string program =
      "import sys, math; from safetensors import safe_open; f = safe_open(sys.argv[1], 'np'); "
      "w = f.get_tensor('weight'); "
      "assert sorted(f.keys()) == ['bias', 'empty', 'weight'], f.keys(); "
      "assert w.dtype == 'float32' and w.tolist() == [[1.5, -0.0, 2.0**-149], [4, 5, 6]], w; "
      "assert f.get_tensor('bias').shape == () and math.isnan(f.get_tensor('bias')); "
      "assert f.get_tensor('empty').shape == (0, 4); "
      "assert f.metadata() == {'features': '[\\\"age\\\", \\\"größe\\\"]', 'round': '31'}, f.metadata()";
  EXPECT_EQ(std::system((python + " -c \"" + program + "\" " + write_sample("python")).c_str()), 0);
}

}  // namespace
}  // namespace crossilo
