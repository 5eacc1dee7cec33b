// HDF5 files that lie in memory only.
#include "crossilo/base/check.hpp"
#include "hdf5_call.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kGrowBytes = std::size_t{1} << 20;
// HDF5 wants a name, and refuses one that the disk has, too.
constexpr const char* kNowhere = "/dev/null/image";

}  // namespace

Hdf5File Hdf5File::create_image(const std::string& name) {
  quiet_hdf5();
  Hdf5File file(name, /*reading=*/false);
  const Hdf5Properties access(file.checked(H5Pcreate(H5P_FILE_ACCESS), "", "no property list"));
  // The earliest format: later ones checksum the superblock, and HDF5 1.10 spoils that sum as it hands out an image.
  file.checked(H5Pset_fapl_core(access.get(), kGrowBytes, /*backing_store=*/false), "", "no file in memory");
  file.file_ = UniqueHandle<FileTraits>(
      file.checked(H5Fcreate(kNowhere, H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "", "cannot be created"));
  return file;
}

Hdf5File Hdf5File::open_image(std::span<const std::byte> image, const std::string& name) {
  quiet_hdf5();
  Hdf5File file(name, /*reading=*/true);
  file.file_bytes_ = image.size();
  const Hdf5Properties access(file.checked(H5Pcreate(H5P_FILE_ACCESS), "", "no property list"));
  file.checked(H5Pset_fapl_core(access.get(), kGrowBytes, /*backing_store=*/false), "", "no file in memory");
  // HDF5 copies the image and leaves it as it is, but takes no pointer to const.
  file.checked(H5Pset_file_image(access.get(), const_cast<std::byte*>(image.data()), image.size()), "", "no image");
  file.file_ = UniqueHandle<FileTraits>(
      file.checked(H5Fopen(kNowhere, H5F_ACC_RDONLY, access.get()), "", "cannot be opened as an HDF5 file"));
  return file;
}

std::vector<std::byte> Hdf5File::take_image(std::size_t leading_bytes) {
  CROSSILO_ASSERT(!reading_);
  checked(H5Fflush(file_.get(), H5F_SCOPE_LOCAL), "", "cannot be flushed");
  const ssize_t size = checked(H5Fget_file_image(file_.get(), nullptr, 0), "", "has no image");
  std::vector<std::byte> image(leading_bytes + static_cast<std::size_t>(size));
  checked(H5Fget_file_image(file_.get(), image.data() + leading_bytes, static_cast<std::size_t>(size)), "",
          "has no image");
  close();
  return image;
}

}  // namespace crossilo
