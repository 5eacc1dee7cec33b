// Aim: IDX files, plain and gzip, become rows with the right pixels and labels, and every fault is named with its
// place. Method: small files written byte by byte; one fault at a time.
#include "crossilo/data/idx.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <numeric>

#include "crossilo/base/error.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

std::string word(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
  return text;
}

/// Images of 2 x 3 pixels; pixel i of the file has the value i.
std::string images(std::uint32_t count) {
  std::string text = word(0x803) + word(count) + word(2) + word(3);
  for (std::uint32_t i = 0; i < count * 6; ++i) text += static_cast<char>(i);
  return text;
}

std::string labels(const std::string& classes) {
  return word(0x801) + word(static_cast<std::uint32_t>(classes.size())) + classes;
}

class Idx : public ::testing::Test {
 protected:
  std::string gzip(const std::string& name, const std::string& text) const {
    gzFile file = ::gzopen(folder_.path(name).c_str(), "wb");
    EXPECT_EQ(::gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
    EXPECT_EQ(::gzclose(file), Z_OK);
    return folder_.path(name);
  }
  IdxFiles files(const std::string& images_text, const std::string& labels_text) const {
    return {folder_.write("images", images_text), folder_.write("labels", labels_text)};
  }
  std::string fault(const std::string& images_text, const std::string& labels_text) const {
    const IdxImport import{files(images_text, labels_text), {}, {"a", "b", "c"}, {0.0, 1}, ""};
    return error_text<DataError>([&] { static_cast<void>(import_idx(import)); });
  }
  const std::string three_labels_{"\0\2\1", 3};
  TemporaryFolder folder_;
};

TEST_F(Idx, BecomesRows) {
  const SiloData data = import_idx({files(images(3), labels(three_labels_)), {}, {"a", "b", "c"}, {0.0, 1}, "made up"});
  EXPECT_EQ(data.schema.feature_names,
            (std::vector<std::string>{"p_0_0", "p_0_1", "p_0_2", "p_1_0", "p_1_1", "p_1_2"}));
  EXPECT_EQ(data.schema.sample_shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(data.schema.task, Task::multiclass);
  EXPECT_EQ(data.origin, "made up");
  EXPECT_EQ(data.train.rows, 3u);
  EXPECT_EQ(data.test.rows, 0u);
  EXPECT_EQ(data.train.y, (std::vector<float>{0, 2, 1}));
  ASSERT_EQ(data.train.x.size(), 18u);
  for (std::size_t i = 0; i < 18; ++i) EXPECT_EQ(data.train.x[i], static_cast<float>(i) / 255.0f);
}

TEST_F(Idx, IsReadFromGzip) {
  const IdxFiles train = files(images(40), labels(std::string(40, '\1')));
  const IdxFiles test{gzip("images.gz", images(3)), gzip("labels.gz", labels(three_labels_))};
  const SiloData data = import_idx({train, test, {"a", "b", "c"}, {}, ""});
  EXPECT_EQ(data.train.rows, 40u);  // with files for testing no row is set apart
  EXPECT_EQ(data.test.y, (std::vector<float>{0, 2, 1}));
  EXPECT_EQ(data.test.x.back(), 17.0f / 255.0f);
  EXPECT_EQ(read_idx(test.images, 3).values, read_idx(folder_.write("plain", images(3)), 3).values);
}

TEST_F(Idx, SetsRowsApartByClass) {
  const IdxFiles train = files(images(40), labels(std::string(20, '\0') + std::string(20, '\1')));
  const SiloData data = import_idx({train, {}, {"a", "b"}, {0.25, 1}, ""});
  EXPECT_EQ(data.schema.task, Task::binary);
  EXPECT_EQ(data.train.rows, 30u);
  EXPECT_EQ(data.test.rows, 10u);
  EXPECT_EQ(std::count(data.test.y.begin(), data.test.y.end(), 1.0f), 5);
}

TEST_F(Idx, NamesWhatIsWrongInAHeader) {
  const std::string good = labels(three_labels_);
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(read_idx(folder_.path("none"), 3)); }),
             "none: cannot be read: No such file");
  EXPECT_HAS(fault("", good), "images: byte 0: the file ends here, within its header");
  EXPECT_HAS(fault(word(0x803) + word(3), good), "images: byte 8: the file ends here, within its header");
  EXPECT_HAS(fault("\x89PNG", good), "images: byte 0: 0x8950 found, 0x0000 expected: this is no IDX file");
  EXPECT_HAS(fault(word(0xd03), good), "images: byte 2: values of type 0x0d found, 0x08 (unsigned bytes) expected");
  EXPECT_HAS(fault(good, good), "images: byte 3: 1 dimensions found, 3 expected");
  EXPECT_HAS(fault(word(0x803) + word(1) + word(0) + word(3), good), "images: byte 8: a dimension of 0 found");
  EXPECT_HAS(fault(word(0x803) + word(~0u) + word(~0u) + word(~0u), good),
             "images: byte 12: 4294967295 x 4294967295 x 4294967295 found: more values than a file can hold");
}

TEST_F(Idx, NamesWhatIsWrongInTheValues) {
  const std::string good = labels(three_labels_);
  EXPECT_HAS(fault(images(3).substr(0, 33), good), "images: byte 33: the file ends here: 17 values found, 18 expected");
  EXPECT_HAS(fault(word(0x803) + word(1000000) + word(1000) + word(1000) + "few", good),
             "images: byte 19: the file ends here: 3 values found, 1000000000000 expected");
  EXPECT_HAS(fault(images(3) + "x", good),
             "images: byte 34: more bytes found, the end of the file expected after 3 x 2");
  EXPECT_HAS(fault(images(3), labels({"\0\1", 2})), "labels: byte 4: 2 labels found, 3 expected, the number of images");
  EXPECT_HAS(fault(images(3), labels({"\0\1\3", 3})), "labels: byte 10: label 3 found, a class from 0 to 2 expected");
}

TEST_F(Idx, RefusesImagesThatASiloFileCannotHold) {
  const std::string large = word(0x803) + word(1) + word(2049) + word(2048) + std::string(2049 * 2048, '\0');
  EXPECT_HAS(fault(large, labels({"\0", 1})), "images: a sample of 2049 x 2048 has 4196352 values; 4194304 at most");
}

TEST_F(Idx, NamesADamagedGzipFile) {
  std::string noise(4000, '\0');
  std::iota(noise.begin(), noise.end(), '\0');
  const std::string whole = TemporaryFolder::read(gzip("a.gz", word(0x801) + word(4000) + noise));
  const auto fault_of = [&](const std::string& text) {
    const std::string path = folder_.write("damaged.gz", text);
    return error_text<DataError>([&] { static_cast<void>(read_idx(path, 1)); });
  };
  EXPECT_HAS(fault_of(whole.substr(0, whole.size() / 2)), "the gzip file is cut off");
  for (const std::size_t cut : {1u, 4u, 8u})
    EXPECT_HAS(fault_of(whole.substr(0, whole.size() - cut)),
               "damaged.gz: cannot be read after byte 4008: the gzip file is cut off");
  std::string wrong_checksum = whole;
  wrong_checksum[whole.size() - 8] ^= 1;
  EXPECT_HAS(fault_of(wrong_checksum), "damaged.gz: cannot be read after byte ");
}

TEST_F(Idx, ComparesTrainAndTest) {
  const IdxFiles train = files(images(3), labels(three_labels_));
  const std::string other = word(0x803) + word(3) + word(3) + word(2) + std::string(18, '\0');
  const IdxFiles test{folder_.write("other", other), train.labels};
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(import_idx({train, test, {"a", "b", "c"}, {}, ""}));
             }),
             "other: byte 8: images of 3 x 2 found, 2 x 3 expected, as in ");
  EXPECT_HAS(error_text<ConfigError>([&] {
               static_cast<void>(import_idx({train, {}, {"a"}, {}, ""}));
             }),
             "classes: 1 named, 2 or more are wanted");
}

}  // namespace
}  // namespace crossilo
