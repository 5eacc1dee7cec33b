// Aim: what is written to a silo file is what is read from it, bit for bit, and every fault of a file is named.
// Method: round trips; files with one fault each, made by the same writer of HDF5 that the program uses.
#include "crossilo/data/silo_file.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

TEST(SiloFile, ReadsWhatWasWritten) {
  const TemporaryFolder folder;
  const SiloData written = example_silo();
  write_silo_file(folder.path("a.h5"), written);
  const SiloData read = read_silo_file(folder.path("a.h5"));
  EXPECT_EQ(read.schema, written.schema);
  EXPECT_EQ(read.origin, "made up");
  EXPECT_EQ(read.train.rows, 7u);
  EXPECT_EQ(read.test.rows, 3u);
  EXPECT_TRUE(same_bits(read.train.x, written.train.x));
  EXPECT_TRUE(same_bits(read.test.x, written.test.x));
  EXPECT_EQ(read.train.y, written.train.y);
  EXPECT_EQ(read.test.y, written.test.y);
  const SiloFileSummary summary = read_silo_summary(folder.path("a.h5"));
  EXPECT_EQ(summary.schema, written.schema);
  EXPECT_EQ(summary.train_rows, 7u);
  EXPECT_EQ(summary.test_rows, 3u);
}

TEST(SiloFile, HoldsImagesRegressionAndNoTestRows) {
  const TemporaryFolder folder;
  SiloData images;
  images.schema = {{"p0", "p1", "p2", "p3", "p4", "p5"}, {"a", "b", "c"}, {2, 3}, Task::multiclass};
  images.train = example_rows(5, 6, 3);
  write_silo_file(folder.path("images.h5"), images);
  const SiloData read = read_silo_file(folder.path("images.h5"));
  EXPECT_EQ(read.schema, images.schema);
  EXPECT_EQ(read.test.rows, 0u);
  EXPECT_FALSE(Hdf5File::open(folder.path("images.h5")).texts("/", "feature_names"));

  SiloData costs = example_silo();
  costs.schema.task = Task::regression;
  costs.schema.class_names.clear();
  costs.train.y = {0.5f, -2.25f, 1e9f, 0, 0, 0, 3};
  write_silo_file(folder.path("costs.h5"), costs);
  EXPECT_EQ(read_silo_file(folder.path("costs.h5")).train.y, costs.train.y);
}

TEST(SiloFile, IsTheSameBytesEveryTime) {
  const TemporaryFolder folder;
  write_silo_file(folder.path("a.h5"), example_silo(300, 100));
  write_silo_file(folder.path("b.h5"), example_silo(300, 100));
  EXPECT_EQ(TemporaryFolder::read(folder.path("a.h5")), TemporaryFolder::read(folder.path("b.h5")));
}

TEST(SiloFile, ReplacesAtomicallyAndLeavesNothingBehindOnFailure) {
  const TemporaryFolder folder;
  const std::string path = folder.path("a.h5");
  write_silo_file(path, example_silo(7));
  write_silo_file(path, example_silo(9));
  EXPECT_EQ(read_silo_summary(path).train_rows, 9u);
  SiloData broken = example_silo();
  broken.train.y[2] = 2.0f;
  EXPECT_HAS(error_text<StorageError>([&] { write_silo_file(path, broken); }),
             "a.h5: not written: train/y, row 2: is not a class from 0 to 1");
  EXPECT_EQ(read_silo_summary(path).train_rows, 9u);
  EXPECT_HAS(error_text<StorageError>([&] { write_silo_file(folder.path("none/a.h5"), example_silo()); }), "none/a.h5");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SiloFile, ChunksByWholeSamples) {
  const TemporaryFolder folder;
  SiloData data;
  const std::size_t features = 3 << 18;  // 3 MiB a row: a chunk is one row all the same
  data.schema.class_names = {"a", "b"};
  data.schema.sample_shape = {3, std::size_t{1} << 18};
  for (std::size_t i = 0; i < features; ++i)
    data.schema.feature_names.push_back(std::string("p").append(std::to_string(i)));
  data.train = example_rows(3, features, 2);
  write_silo_file(folder.path("a.h5"), data);
  EXPECT_TRUE(same_bits(read_silo_file(folder.path("a.h5")).train.x, data.train.x));
}

TEST(SiloFile, KeepsMoreNamesThanAHeaderHolds) {
  const TemporaryFolder folder;
  SiloData data = example_silo(2, 1);
  data.schema.feature_names.clear();
  for (int i = 0; i < 20000; ++i) data.schema.feature_names.push_back("gene " + std::to_string(i));
  data.schema.sample_shape = {20000};
  data.train = example_rows(2, 20000, 2);
  data.test = example_rows(1, 20000, 2);
  write_silo_file(folder.path("a.h5"), data);
  EXPECT_EQ(read_silo_file(folder.path("a.h5")).schema, data.schema);
}

/// A silo file of which any part can be replaced or left out before it is written.
struct Parts {
  struct Data {
    Hdf5Type type;
    std::vector<std::size_t> shape;
    std::vector<std::byte> bytes;
  };
  std::map<std::string, Data> data;
  std::optional<std::int64_t> version = 1;
  std::optional<std::string> task = "binary";
  std::vector<std::string> features = {"a", "b"};
  std::vector<std::string> classes = {"no", "yes"};
  std::optional<double> scale;
  bool right_digest = true;

  template <class Value>
  void set(const std::string& object, Hdf5Type type, std::vector<std::size_t> shape, const std::vector<Value>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    data[object] = {type, std::move(shape), {bytes.begin(), bytes.end()}};
  }
  Parts() {
    for (const std::string group : {"train", "test"}) {
      set<float>(group + "/x", Hdf5Type::float32, {2, 2}, {1, 2, 3, 4});
      set<std::int32_t>(group + "/y", Hdf5Type::int32, {2}, {0, 1});
    }
  }
  void write(const std::string& path) const {
    Hdf5File file = Hdf5File::create(path);
    Sha256 digest;
    for (const std::string object : {"train/x", "train/y", "test/x", "test/y"}) {
      if (!data.contains(object)) continue;
      const Data& part = data.at(object);
      file.write({object, part.type, part.shape, 0}, part.bytes);
      digest.update(part.bytes);
      if (scale && object.ends_with('x')) file.write_number(object, "scale", *scale);
    }
    if (version) file.write_integer("/", "schema_version", *version);
    if (task) file.write_text("/", "task", *task);
    if (!features.empty()) file.write_texts("/", "feature_names", features);
    if (!classes.empty()) file.write_texts("/", "class_names", classes);
    const std::string right = to_hex(digest.finish());
    file.write_text("/", "sha256", right_digest ? right : std::string(64, '0'));
    file.close();
  }
};

TEST(SiloFile, ReadsBytesWithAScaleAndAnyIntegerLabel) {
  const TemporaryFolder folder;
  Parts parts;
  parts.scale = 0.5;
  for (const std::string group : {"train", "test"}) {
    parts.set<std::uint8_t>(group + "/x", Hdf5Type::uint8, {2, 2}, {0, 1, 2, 255});
    parts.set<std::uint64_t>(group + "/y", Hdf5Type::uint64, {2}, {1, 0});
  }
  parts.write(folder.path("a.h5"));
  const SiloData read = read_silo_file(folder.path("a.h5"));
  EXPECT_EQ(read.train.x, (std::vector<float>{0.0f, 0.5f, 1.0f, 127.5f}));
  EXPECT_EQ(read.train.y, (std::vector<float>{1.0f, 0.0f}));
}

TEST(SiloFile, HasAnOriginInUtf8) {
  const TemporaryFolder folder;
  SiloData data = example_silo();
  data.origin = "Z\xfcrich";
  EXPECT_HAS(error_text<StorageError>([&] { write_silo_file(folder.path("a.h5"), data); }),
             "not written: origin: \"Z\\xfcrich\" is not UTF-8");
  data.origin = "Zürich, two\nlines";
  write_silo_file(folder.path("a.h5"), data);
  EXPECT_EQ(read_silo_file(folder.path("a.h5")).origin, data.origin);
}

struct Fault {
  const char* text;
  std::function<void(Parts&)> damage;
};

/// Each file is refused with one line that begins with its path.
void expect_faults_are_named(std::span<const Fault> faults) {
  const TemporaryFolder folder;
  int number = 0;
  for (const Fault& fault : faults) {
    Parts parts;
    fault.damage(parts);
    const std::string path = folder.path(std::to_string(number++) + ".h5");
    parts.write(path);
    const std::string text = error_text<DataError>([&] { static_cast<void>(read_silo_file(path)); });
    EXPECT_HAS(text, fault.text);
    EXPECT_TRUE(text.starts_with(path + ": ")) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

TEST(SiloFile, NamesEveryFaultOfTheData) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Fault faults[] = {
      {"train/y: is missing", [](Parts& p) { p.data.erase("train/y"); }},
      {"train/x: float32 or uint8 (little-endian) is wanted, float64 found",
       [](Parts& p) {
         p.set<double>("train/x", Hdf5Type::float64, {2, 2}, {1, 2, 3, 4});
       }},
      {"test/y: float32 or integers (little-endian) are wanted, float64 found",
       [](Parts& p) {
         p.set<double>("test/y", Hdf5Type::float64, {2}, {1, 2});
       }},
      {"train/x: has 1 dimension; 2 or more are wanted", [](Parts& p) { p.data["train/x"].shape = {4}; }},
      {"train/y: has 2 dimensions; 1 is wanted",
       [](Parts& p) {
         p.data["train/y"].shape = {2, 1};
       }},
      {"train/x has 2 rows, train/y has 3",
       [](Parts& p) {
         p.set<std::int32_t>("train/y", Hdf5Type::int32, {3}, {0, 1, 1});
       }},
      {"train/x has no rows",
       [](Parts& p) {
         p.set<float>("train/x", Hdf5Type::float32, {0, 2}, {});
         p.set<std::int32_t>("train/y", Hdf5Type::int32, {0}, {});
       }},
      {"test/x has samples of another shape than train/x",
       [](Parts& p) {
         p.data["test/x"].shape = {2, 2, 1};
       }},
      {"train/y, row 1: is not a class from 0 to 1",
       [](Parts& p) {
         p.set<std::int32_t>("train/y", Hdf5Type::int32, {2}, {0, 2});
       }},
      {"test/y, row 0: is not a class from 0 to 1",
       [](Parts& p) {
         p.set<std::int8_t>("test/y", Hdf5Type::int8, {2}, {-1, 0});
       }},
      {"train/y, row 0: is not a class from 0 to 1",
       [](Parts& p) {
         p.set<float>("train/y", Hdf5Type::float32, {2}, {0.5f, 0});
       }},
      {"train/y, row 1: is not a",
       [=](Parts& p) {
         p.set<float>("train/y", Hdf5Type::float32, {2}, {0, nan});
       }},
      {"train/x, row 1, column a: is infinite",
       [=](Parts& p) {
         p.set<float>("train/x", Hdf5Type::float32, {2, 2}, {1, 2, infinity, 4});
       }},
      {"test/x: float32 found, uint8 is wanted, the type of train/x",
       [](Parts& p) {
         p.scale = 0.5;
         p.set<std::uint8_t>("train/x", Hdf5Type::uint8, {2, 2}, {1, 2, 3, 4});
       }},
      {"uint8 needs the attribute scale",
       [](Parts& p) {
         p.set<std::uint8_t>("train/x", Hdf5Type::uint8, {2, 2}, {1, 2, 3, 4});
       }},
  };
  expect_faults_are_named(faults);
}

TEST(SiloFile, NamesEveryFaultOfTheAttributes) {
  const Fault faults[] = {
      {"schema_version is 2, this program reads version 1", [](Parts& p) { p.version = 2; }},
      {"the attribute schema_version is missing", [](Parts& p) { p.version.reset(); }},
      {"task is \"ranking\"; binary, multiclass or regression is wanted", [](Parts& p) { p.task = "ranking"; }},
      {"the attribute task is missing", [](Parts& p) { p.task.reset(); }},
      {"the attribute feature_names is missing", [](Parts& p) { p.features.clear(); }},
      {"feature_names has 3 names, a row of train/x has 2 values",
       [](Parts& p) {
         p.features = {"a", "b", "c"};
       }},
      {"feature_names: \"a\\x0ab\": a name on one line, in UTF-8, is wanted",
       [](Parts& p) {
         p.features = {"a\nb", "c"};
       }},
      {"class_names: \"n\\xff\": a name on one line",
       [](Parts& p) {
         p.classes = {"n\xff", "yes"};
       }},
      {"feature_names names a twice",
       [](Parts& p) {
         p.features = {"a", "a"};
       }},
      {"task binary with 1 class_names; 2 are wanted", [](Parts& p) { p.classes = {"no"}; }},
      {"task regression with 2 class_names; none is wanted", [](Parts& p) { p.task = "regression"; }},
      {"the attribute sha256 says 0000", [](Parts& p) { p.right_digest = false; }},
  };
  expect_faults_are_named(faults);
}

}  // namespace
}  // namespace crossilo
