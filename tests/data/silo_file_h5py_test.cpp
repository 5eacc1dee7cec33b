// Aim: silo files are exchanged with h5py both ways, by exactly the code that docs/silo-file.md shows.
// Method: runs the document's Python code and reads its file; lets h5py check a file of ours. Skipped without h5py.
#include <gtest/gtest.h>

#include <cmath>

#include "crossilo/data/silo_file.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

const std::string kPython = CROSSILO_PYTHON;
const std::string kSource = CROSSILO_SOURCE_DIR;

class H5py : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kPython.empty() || std::system(("'" + kPython + "' -c 'import h5py'").c_str()) != 0)
      GTEST_SKIP() << "no Python with h5py: set the CMake variable CROSSILO_PYTHON";
  }
  [[nodiscard]] int python(const std::string& arguments) const {
    return std::system(("cd '" + folder_.path() + "' && '" + kPython + "' " + arguments).c_str());
  }
  TemporaryFolder folder_;
};

TEST_F(H5py, ReadsWhatTheCodeInTheDocumentWrites) {
  const std::string document = TemporaryFolder::read(kSource + "/docs/silo-file.md");
  const std::string opening = "```python\n";
  const std::size_t begin = document.find(opening) + opening.size();
  const std::size_t end = document.find("```", begin);
  ASSERT_NE(end, std::string::npos);
  folder_.write("write.py", document.substr(begin, end - begin));
  ASSERT_EQ(python("write.py"), 0);

  const SiloData data = read_silo_file(folder_.path("my-hospital.h5"));
  EXPECT_EQ(data.train.rows, 75u);
  EXPECT_EQ(data.test.rows, 25u);
  EXPECT_EQ(data.schema.feature_names, (std::vector<std::string>{"age", "pressure", "cholesterol"}));
  EXPECT_EQ(data.schema.class_names, (std::vector<std::string>{"healthy", "ill"}));
  for (std::size_t row = 0; row < 75; ++row) {
    EXPECT_EQ(data.train.y[row], data.train.x[row * 3] > 60.0f ? 1.0f : 0.0f);
    EXPECT_EQ(std::isnan(data.train.x[row * 3 + 2]), row % 7 == 0);
  }
}

TEST_F(H5py, ReadsFixedLengthTextsCompressionAndImages) {
  folder_.write("write.py",
                "import hashlib, h5py, numpy as np\n"
                "x = np.arange(4 * 2 * 3, dtype='uint8').reshape(4, 2, 3)\n"
                "y = np.array([0, 1, 2, 0], dtype='int64')\n"
                "with h5py.File('a.h5', 'w') as f:\n"
                "    for g in 'train', 'test':\n"
                "        d = f.create_dataset(g + '/x', data=x, chunks=(2, 2, 3), compression='gzip', shuffle=True,\n"
                "                             fletcher32=True)\n"
                "        d.attrs['scale'] = 0.5\n"
                "        f.create_dataset(g + '/y', data=y)\n"
                "    f.attrs['schema_version'] = 1\n"
                "    f.attrs['task'] = np.bytes_('multiclass')\n"
                "    f.attrs['class_names'] = np.array(['cat', 'horse', 'ox'], dtype='S')\n"
                "    f.attrs['sha256'] = hashlib.sha256((x.tobytes() + y.tobytes()) * 2).hexdigest()\n");
  ASSERT_EQ(python("write.py"), 0);
  const SiloData data = read_silo_file(folder_.path("a.h5"));
  EXPECT_EQ(data.schema.class_names, (std::vector<std::string>{"cat", "horse", "ox"}));
  EXPECT_EQ(data.schema.sample_shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(data.schema.feature_names.back(), "p5");
  EXPECT_EQ(data.train.x[23], 11.5f);
  EXPECT_EQ(data.test.y[2], 2.0f);
}

TEST_F(H5py, ReadsWhatWeWrite) {
  write_silo_file(folder_.path("ours.h5"), example_silo(7, 3));
  EXPECT_EQ(python("'" + kSource + "/tests/data/silo_file_h5py.py' ours.h5"), 0);
}

}  // namespace
}  // namespace crossilo
