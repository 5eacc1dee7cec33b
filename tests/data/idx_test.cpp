// Aim: IDX files are read as they are meant, and every damage is refused with its place.
// Method: files made byte by byte, plain and packed by gzip, then cut, lengthened and falsified.
#include "crossilo/data/idx.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "crossilo/base/error.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

std::string be32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string header(std::string type, const std::vector<std::uint32_t>& shape) {
  std::string bytes = std::string(2, '\0') + std::move(type) + static_cast<char>(shape.size());
  for (const std::uint32_t size : shape) bytes += be32(size);
  return bytes;
}

class Idx : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 20 * 2 * 3; ++i) pixels_ += static_cast<char>(i * 2);
    for (int i = 0; i < 20; ++i) labels_ += static_cast<char>(i % 2);
    write(header("\x08", {20, 2, 3}) + pixels_, header("\x08", {20}) + labels_);
  }
  void write(const std::string& images, const std::string& labels) {
    folder_.write("images", images);
    folder_.write("labels", labels);
  }
  [[nodiscard]] IdxRecipe recipe() const {
    IdxRecipe recipe;
    recipe.images = folder_.path("images");
    recipe.labels = folder_.path("labels");
    recipe.class_names = {"cat", "dog"};
    return recipe;
  }
  std::string fault() {
    return error_text<DataError>([&] { static_cast<void>(import_idx(recipe())); });
  }
  void pack(const std::string& name) {
    const std::string bytes = TemporaryFolder::read(folder_.path(name));
    gzFile file = gzopen(folder_.path(name).c_str(), "wb");
    ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
    ASSERT_EQ(gzclose(file), Z_OK);
  }
  TemporaryFolder folder_;
  std::string pixels_, labels_;
};

TEST_F(Idx, ReadsImagesPlainAndPacked) {
  const SiloData plain = import_idx(recipe());
  EXPECT_EQ(plain.schema.sample_shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(plain.schema.feature_names.front(), "pixel_0_0");
  EXPECT_EQ(plain.schema.feature_names.back(), "pixel_1_2");
  EXPECT_EQ(plain.schema.task, Task::binary);
  EXPECT_EQ(plain.train.rows, 14u);  // 6 of 20: 3 of each class of 10, 2.5 being rounded
  EXPECT_EQ(plain.test.rows, 6u);
  EXPECT_EQ(plain.train.x[1], 2.0f / 255.0f);
  pack("images");
  pack("labels");
  EXPECT_EQ(import_idx(recipe()).train.x, plain.train.x);
}

TEST_F(Idx, TakesATestSetOfItsOwn) {
  IdxRecipe with_test = recipe();
  with_test.test_images = recipe().images;
  with_test.test_labels = recipe().labels;
  const SiloData data = import_idx(with_test);
  EXPECT_EQ(data.train.rows, 20u);
  EXPECT_EQ(data.test.rows, 20u);
  EXPECT_EQ(data.test.x[119], 238.0f / 255.0f);
  with_test.test_labels.clear();
  EXPECT_HAS(error_text<ConfigError>([&] { static_cast<void>(import_idx(with_test)); }), "given together");
  with_test.test_labels = recipe().labels;
  with_test.test_images = folder_.write("other", header("\x08", {20, 3, 2}) + pixels_);
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(import_idx(with_test)); }),
             "other: offset 8: images of 3 x 2 found, 2 x 3 expected, as those to train on");
}

TEST_F(Idx, SurvivesASilosFile) {
  const SiloData data = import_idx(recipe());
  write_silo_file(folder_.path("a.h5"), data);
  const SiloData read = read_silo_file(folder_.path("a.h5"));
  EXPECT_EQ(read.schema, data.schema);
  EXPECT_EQ(read.train.x, data.train.x);
}

TEST_F(Idx, RefusesAFalseHeader) {
  const std::string labels = header("\x08", {20}) + labels_;
  const auto fault_of = [&](const std::string& images) {
    write(images, labels);
    return fault();
  };
  EXPECT_HAS(fault_of(""), "images: offset 0: the file ends; 4 bytes expected for the magic number");
  EXPECT_HAS(fault_of("\x89PNG"), "images: offset 0: 89 50 found, 00 00 expected: this is no IDX file");
  EXPECT_HAS(fault_of(header("\x0d", {20, 2, 3}) + pixels_),
             "images: offset 2: type 0d (float) found, 08 (unsigned bytes) expected");
  EXPECT_HAS(fault_of(labels), "images: offset 3: 1 dimensions found, 3 expected (images x height x width)");
  EXPECT_HAS(fault_of(header("\x08", {20, 0, 3})), "images: offset 8: a size of 0 found, 1 or more expected");
  EXPECT_HAS(fault_of(header("\x08", {0xffffffff, 0xffffffff, 0xffffffff})),
             "images: offset 4: a shape of 4294967295 x 4294967295 x 4294967295 found, more than this file can hold");
  EXPECT_HAS(fault_of(header("\x08", {1u << 30, 28, 28})), "more than this file can hold");
  write(header("\x08", {20, 2, 3}) + pixels_, header("\x08", {19}) + labels_.substr(1));
  EXPECT_HAS(fault(), "labels: offset 4: 19 labels found, 20 expected, as many as images in ");
  labels_[7] = 5;
  write(header("\x08", {20, 2, 3}) + pixels_, header("\x08", {20}) + labels_);
  EXPECT_HAS(fault(), "labels: offset 15: label 5 found, 0 to 1 expected");
}

TEST_F(Idx, RefusesEveryOtherLength) {
  const std::string labels = header("\x08", {20}) + labels_;
  const std::string whole = header("\x08", {20, 2, 3}) + pixels_;
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    write(whole.substr(0, length), labels);
    EXPECT_HAS(fault(), "images: offset " + std::to_string(length) + ": the file ends; ");
  }
  write(whole + "x", labels);
  EXPECT_HAS(fault(), "images: offset 136: more bytes found, the end of the file expected");
}

TEST_F(Idx, RefusesADamagedGzipStream) {
  const IdxArray whole = read_idx(recipe().images, 3);
  pack("images");
  const std::string packed = TemporaryFolder::read(folder_.path("images"));
  for (const std::size_t length : {packed.size() / 2, packed.size() - 1, packed.size() - 8}) {
    folder_.write("images", packed.substr(0, length));
    EXPECT_HAS(fault(), "images: offset ");
  }
  for (std::size_t at = 10; at < packed.size(); at += 5) {
    std::string flipped = packed;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    folder_.write("images", flipped);
    try {
      // A few bits of a gzip stream mean nothing; then its checksum holds and the pixels are what they were.
      EXPECT_EQ(read_idx(recipe().images, 3).values, whole.values) << at;
    } catch (const DataError& error) {
      EXPECT_HAS(std::string(error.what()), "images: offset ") << at;
    }
  }
}

TEST_F(Idx, RefusesWhatIsNoFile) {
  IdxRecipe wrong = recipe();
  wrong.images = folder_.path("nowhere");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(import_idx(wrong)); }), "nowhere: no such file");
  wrong.images = folder_.path();
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(import_idx(wrong)); }), ": no such file");
}

}  // namespace
}  // namespace crossilo
