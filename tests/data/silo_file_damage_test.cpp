// Aim: a damaged silo file gives an error in one line, never a crash and never other data.
// Method: the file cut at every 4 KiB and near its ends, and one byte flipped at a time.
#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/data/silo_file.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

class Damage : public ::testing::Test {
 protected:
  void SetUp() override {
    write_silo_file(folder_.path("whole.h5"), example_silo(2000, 600));
    whole_ = TemporaryFolder::read(folder_.path("whole.h5"));
    ASSERT_GT(whole_.size(), 30u * 1024u);
  }
  std::string error_of(const std::string& bytes) {
    const std::string path = folder_.write("damaged.h5", bytes);
    return error_text<DataError>([&] { static_cast<void>(read_silo_file(path)); });
  }
  TemporaryFolder folder_;
  std::string whole_;
};

TEST_F(Damage, ReportsEveryTruncation) {
  std::vector<std::size_t> lengths = {0, 1, 7, 8, 9, 100, 511, 512, whole_.size() - 1};
  for (std::size_t length = 4096; length < whole_.size(); length += 4096) lengths.push_back(length);
  for (const std::size_t length : lengths) {
    const std::string text = error_of(whole_.substr(0, length));
    EXPECT_HAS(text, "damaged.h5: cannot be opened as an HDF5 file: HDF5 says: ") << length;
  }
}

TEST_F(Damage, ReportsAFlippedByteInEveryDataSet) {
  const SiloData data = example_silo(2000, 600);
  for (const RowSet* set : {&data.train, &data.test}) {
    const std::string x(reinterpret_cast<const char*>(set->x.data()), set->x.size() * sizeof(float));
    const std::size_t begin = whole_.find(x);
    ASSERT_NE(begin, std::string::npos);
    for (std::size_t at = begin; at < begin + x.size(); at += 997) {
      std::string flipped = whole_;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
      EXPECT_HAS(error_of(flipped), "the file was changed or damaged");
    }
  }
}

TEST_F(Damage, NeverCrashesOnAFlippedByteInTheHeaders) {
  const std::vector<float> x = read_silo_file(folder_.path("whole.h5")).train.x;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole_.size(); at += at < 4096 ? 7 : 509) {
    std::string flipped = whole_;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
    const std::string path = folder_.write("damaged.h5", flipped);
    try {
      // A byte that nobody reads, or one in the text of the origin, does no harm; the rows are what they were.
      EXPECT_TRUE(same_bits(read_silo_file(path).train.x, x)) << at;
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace crossilo
