// Aim: what HDF5 can hold but a file of ours must not is refused before anything is allocated or followed.
// Method: files made by HDF5's own calls, one hazard each; round trips of attributes.
#include "crossilo/foreign/hdf5.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crossilo/base/error.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

class Hdf5 : public ::testing::Test {
 protected:
  void SetUp() override {
    raw_ = H5Fcreate(path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(raw_, 0);
  }
  [[nodiscard]] std::string path() const { return folder_.path("a.h5"); }
  /// Creates a data set without writing to it.
  void make(const char* name, hid_t type, std::vector<hsize_t> shape, hid_t creation = H5P_DEFAULT) const {
    const hid_t space =
        shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t dataset = H5Dcreate2(raw_, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    ASSERT_GE(dataset, 0);
    H5Dclose(dataset);
    H5Sclose(space);
  }
  std::string error_of(const std::string& object) {
    H5Fclose(raw_);
    return error_text<DataError>([&] { static_cast<void>(Hdf5File::open(path()).dataset(object)); });
  }
  TemporaryFolder folder_;
  hid_t raw_ = -1;
};

TEST_F(Hdf5, RefusesASizeThatTheFileCannotHold) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk[] = {1, 16};
  H5Pset_chunk(creation, 2, chunk);
  make("x", H5T_IEEE_F32LE, {hsize_t{1} << 55, 16}, creation);
  H5Pclose(creation);
  EXPECT_HAS(error_of("x"),
             "a.h5: x: has shape 36028797018963968 x 16, which needs 2305843009213693952 bytes, but the "
             "file holds 0 for it");
}

TEST_F(Hdf5, RefusesASizeThatOverflows) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk[] = {1, 1024};
  H5Pset_chunk(creation, 2, chunk);
  H5Pset_deflate(creation, 1);
  make("x", H5T_IEEE_F64LE, {hsize_t{1} << 60, hsize_t{1} << 60}, creation);
  H5Pclose(creation);
  EXPECT_HAS(error_of("x"), "more than memory can hold");
}

TEST_F(Hdf5, RefusesASingleValue) {
  make("x", H5T_IEEE_F32LE, {});
  EXPECT_HAS(error_of("x"), "x: holds a single value");
}

TEST_F(Hdf5, FollowsNoLinks) {
  make("x", H5T_IEEE_F32LE, {2});
  H5Lcreate_external("/etc/other.h5", "/x", raw_, "outside", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/x", raw_, "soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/loop", raw_, "loop", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(raw_);
  const Hdf5File file = Hdf5File::open(path());
  for (const std::string object : {"outside", "soft", "loop", "outside/x"})
    EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(file.dataset(object)); }), "is a soft or external link");
}

TEST_F(Hdf5, ReadsNoOtherFile) {
  folder_.write("raw", std::string(8, 'x'));
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(creation, folder_.path("raw").c_str(), 0, 8);
  make("x", H5T_IEEE_F32LE, {2}, creation);
  H5Pclose(creation);
  EXPECT_HAS(error_of("x"), "x: keeps its data in other files");
}

TEST_F(Hdf5, RefusesUnknownFilters) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk[] = {2};
  H5Pset_chunk(creation, 1, chunk);
  H5Pset_filter(creation, 32001, H5Z_FLAG_OPTIONAL, 0, nullptr);
  make("x", H5T_IEEE_F32LE, {2}, creation);
  H5Pclose(creation);
  EXPECT_HAS(error_of("x"), "x: is stored with filter 32001; gzip, shuffle and fletcher32 can be read");
}

TEST_F(Hdf5, RefusesWhatIsNoDataSet) {
  H5Gclose(H5Gcreate2(raw_, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Fclose(raw_);
  const Hdf5File file = Hdf5File::open(path());
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(file.dataset("group")); }),
             "group: is no data set: HDF5 says:");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(file.dataset("group/x")); }), "group/x: is missing");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(file.dataset("none/x")); }), "none/x: is missing");
}

TEST_F(Hdf5, KnowsBigEndianAsAnotherType) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  make("x", H5T_IEEE_F32BE, {2}, creation);
  H5Pclose(creation);
  H5Fclose(raw_);
  EXPECT_EQ(Hdf5File::open(path()).dataset("x").type, Hdf5Type::other);
}

TEST_F(Hdf5, ReportsADamagedChunk) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk[] = {64};
  H5Pset_chunk(creation, 1, chunk);
  H5Pset_fletcher32(creation);
  make("x", H5T_STD_I32LE, {64}, creation);
  const std::vector<std::int32_t> values(64, 0x41424344);
  const hid_t dataset = H5Dopen2(raw_, "x", H5P_DEFAULT);
  H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(dataset);
  H5Pclose(creation);
  H5Fclose(raw_);
  std::string bytes = TemporaryFolder::read(path());
  bytes[bytes.find("DCBADCBA") + 2] = '!';
  folder_.write("a.h5", bytes);
  const Hdf5File file = Hdf5File::open(path());
  std::vector<std::byte> out(256);
  EXPECT_HAS(error_text<DataError>([&] { file.read("x", out); }), "x: cannot be read: HDF5 says: ");
}

TEST_F(Hdf5, SaysWhatCannotBeOpened) {
  H5Fclose(raw_);
  EXPECT_EQ(error_text<DataError>([&] { static_cast<void>(Hdf5File::open(folder_.path("none.h5"))); }),
            folder_.path("none.h5") + ": no such file");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(Hdf5File::open(folder_.path())); }), ": no such file");
  folder_.write("text.h5", "age,chol\n1,2\n");
  ::testing::internal::CaptureStderr();
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(Hdf5File::open(folder_.path("text.h5"))); }),
             "text.h5: cannot be opened as an HDF5 file: HDF5 says: ");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");  // HDF5's own stack of errors is not printed
  EXPECT_HAS(error_text<StorageError>([&] { static_cast<void>(Hdf5File::create(path())); }), "cannot be created");
}

/// Runs `action` in a child process, which then dies without closing anything.
template <class Action>
void in_a_dying_process(Action&& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(Hdf5, SaysHowToClearAFileThatADeadWriterLeftOpen) {
  H5Fclose(raw_);
  const std::string left = folder_.path("left.h5");
  in_a_dying_process([&] {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    H5Fflush(H5Fcreate(left.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5F_SCOPE_GLOBAL);
  });
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(Hdf5File::open(left)); }), "may use <h5clear file>");
}

TEST_F(Hdf5, SaysThatAnotherProgramHoldsTheLock) {
  H5Fclose(raw_);
  if (std::getenv("HDF5_USE_FILE_LOCKING") != nullptr) GTEST_SKIP() << "HDF5_USE_FILE_LOCKING is set";
  const int descriptor = ::open(path().c_str(), O_RDWR);
  ASSERT_EQ(::flock(descriptor, LOCK_EX), 0);
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(Hdf5File::open(path())); }), "another program writes it");
  ::close(descriptor);
}

TEST_F(Hdf5, KeepsAttributes) {
  H5Fclose(raw_);
  const std::string other = folder_.path("b.h5");
  Hdf5File file = Hdf5File::create(other);
  file.write_text("/", "origin", "Zürich");
  file.write_text("/", "empty", "");
  file.write_texts("/", "names", {"a", "", "long name"});
  file.write_integer("/", "version", -3);
  file.write_number("/", "scale", 0.25);
  file.close();
  const Hdf5File read = Hdf5File::open(other);
  EXPECT_EQ(read.text("/", "origin"), "Zürich");
  EXPECT_EQ(read.text("/", "empty"), "");
  EXPECT_EQ(read.texts("/", "names"), (std::vector<std::string>{"a", "", "long name"}));
  EXPECT_EQ(read.integer("/", "version"), -3);
  EXPECT_EQ(read.number("/", "scale"), 0.25);
  EXPECT_EQ(read.number("/", "version"), -3.0);
  EXPECT_FALSE(read.integer("/", "none"));
  EXPECT_FALSE(read.text("none", "none"));
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(read.integer("/", "scale")); }), "/@scale: one integer");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(read.text("/", "version")); }), "/@version: text is wanted");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(read.text("/", "names")); }), "one text is wanted, 3 found");
}

}  // namespace
}  // namespace crossilo
