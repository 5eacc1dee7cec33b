#include "crossilo/foreign/hdf5.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "hdf5_call.hpp"

namespace crossilo {
namespace {

// Deflate never shrinks by more than this factor, so a data set cannot be larger than that times its stored bytes.
constexpr std::size_t kLargestDeflateRatio = 1032;

// HDF5 allocates whole chunks. What writers choose is about 1 MiB; larger than its data set a chunk need not be.
constexpr std::size_t kSmallChunkBytes = std::size_t{16} << 20;

struct TypeName {
  Hdf5Type type;
  const char* name;
  std::size_t bytes;
};
constexpr TypeName kTypeNames[] = {
    {Hdf5Type::float32, "float32", 4}, {Hdf5Type::float64, "float64", 8},    {Hdf5Type::int8, "int8", 1},
    {Hdf5Type::uint8, "uint8", 1},     {Hdf5Type::int16, "int16", 2},        {Hdf5Type::uint16, "uint16", 2},
    {Hdf5Type::int32, "int32", 4},     {Hdf5Type::uint32, "uint32", 4},      {Hdf5Type::int64, "int64", 8},
    {Hdf5Type::uint64, "uint64", 8},   {Hdf5Type::other, "another type", 0},
};
const TypeName& entry_of(Hdf5Type type) {
  for (const TypeName& entry : kTypeNames)
    if (entry.type == type) return entry;
  CROSSILO_ASSERT(!"every HDF5 type has a name");
  return kTypeNames[0];
}

/// The product, or nothing when it does not fit.
std::optional<std::size_t> product(const std::vector<std::size_t>& factors, std::size_t start) {
  std::size_t result = start;
  for (const std::size_t factor : factors)
    if (__builtin_mul_overflow(result, factor, &result)) return std::nullopt;
  return result;
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text;
  for (const std::size_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

}  // namespace

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

bool is_hdf5_file(const std::string& path) {
  quiet_hdf5();
  return H5Fis_hdf5(path.c_str()) > 0;
}

const char* to_string(Hdf5Type type) { return entry_of(type).name; }
std::size_t size_of(Hdf5Type type) { return entry_of(type).bytes; }

void quiet_hdf5() {
  // Both are settings of the thread or library, so repeating them is cheap and safe. A plugin is code from a path.
  static_cast<void>(H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr));
  static_cast<void>(H5PLset_loading_state(0));
}

std::string take_hdf5_message() {
  std::string message;
  const auto keep_first = [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
    if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  static_cast<void>(H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &message));
  static_cast<void>(H5Eclear2(H5E_DEFAULT));
  if (message.find("lock file") != std::string::npos)
    message += "; another program writes it, or the file system has no locks (then set HDF5_USE_FILE_LOCKING=FALSE)";
  return "HDF5 says: " + (message.empty() ? "nothing" : message);
}

hid_t stored_type(Hdf5Type type) {
  switch (type) {
    case Hdf5Type::float32:
      return H5T_IEEE_F32LE;
    case Hdf5Type::float64:
      return H5T_IEEE_F64LE;
    case Hdf5Type::int8:
      return H5T_STD_I8LE;
    case Hdf5Type::uint8:
      return H5T_STD_U8LE;
    case Hdf5Type::int16:
      return H5T_STD_I16LE;
    case Hdf5Type::uint16:
      return H5T_STD_U16LE;
    case Hdf5Type::int32:
      return H5T_STD_I32LE;
    case Hdf5Type::uint32:
      return H5T_STD_U32LE;
    case Hdf5Type::int64:
      return H5T_STD_I64LE;
    case Hdf5Type::uint64:
      return H5T_STD_U64LE;
    case Hdf5Type::other:
      break;
  }
  CROSSILO_ASSERT(!"a type that is stored is known");
  return -1;
}

void Hdf5File::FileTraits::close(Handle handle) noexcept { static_cast<void>(H5Fclose(handle)); }

void Hdf5File::fail(const std::string& object, const std::string& what) const {
  const std::string text = path_ + ": " + (object.empty() ? "" : object + ": ") + what;
  if (reading_) throw DataError(text);
  throw StorageError(text);
}

Hdf5File Hdf5File::open(const std::string& path) {
  quiet_hdf5();
  Hdf5File file(path, /*reading=*/true);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) file.fail("", "no such file");
  file.file_bytes_ = std::filesystem::file_size(path, error);
  if (error) file.fail("", error.message());
  file.file_ = UniqueHandle<FileTraits>(
      file.checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "", "cannot be opened as an HDF5 file"));
  return file;
}

Hdf5File Hdf5File::create(const std::string& path) {
  quiet_hdf5();
  Hdf5File file(path, /*reading=*/false);
  const Hdf5Properties access(file.checked(H5Pcreate(H5P_FILE_ACCESS), "", "no property list"));
  // Format 1.8 on: headers carry checksums, and an attribute may be larger than 64 KiB (many feature names).
  file.checked(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST), "", "no format bounds");
  file.file_ = UniqueHandle<FileTraits>(
      file.checked(H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get()), "", "cannot be created"));
  return file;
}

void Hdf5File::close() { checked(H5Fclose(file_.release()), "", "cannot be closed"); }

bool Hdf5File::has(const std::string& object) const {
  if (object == "/") return true;
  // Every step is looked at before it is followed: only hard links lead to objects of this very file.
  for (std::size_t end = object.find('/');; end = object.find('/', end + 1)) {
    const std::string step = object.substr(0, end);
    if (checked(H5Lexists(file_.get(), step.c_str(), H5P_DEFAULT), step, "cannot be looked up") == 0) return false;
    H5L_info_t link{};
    checked(H5Lget_info(file_.get(), step.c_str(), &link, H5P_DEFAULT), step, "cannot be looked up");
    if (link.type != H5L_TYPE_HARD) fail(step, "is a soft or external link; the data must lie in this file itself");
    if (end == std::string::npos) return true;
  }
}

Hdf5Dataset Hdf5File::dataset(const std::string& object) const {
  if (!has(object)) fail(object, "is missing");
  const Hdf5Object dataset(checked(H5Dopen2(file_.get(), object.c_str(), H5P_DEFAULT), object, "is no data set"));
  const Hdf5Datatype type(checked(H5Dget_type(dataset.get()), object, "has no type"));
  const Hdf5Space space(checked(H5Dget_space(dataset.get()), object, "has no shape"));
  Hdf5Dataset found;
  for (const Hdf5Type candidate : kHdf5Types)
    if (H5Tequal(type.get(), stored_type(candidate)) > 0) found.type = candidate;
  const int rank = checked(H5Sget_simple_extent_ndims(space.get()), object, "has no shape");
  if (rank == 0) fail(object, "holds a single value; rows are wanted");
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  checked(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), object, "has no shape");
  found.shape.assign(shape.begin(), shape.end());
  const auto bytes = product(found.shape, size_of(found.type));
  if (!bytes) fail(object, "has shape " + shape_text(found.shape) + ", more than memory can hold");
  found.bytes = *bytes;
  require_inside(object, dataset.get(), found);
  return found;
}

void Hdf5File::require_inside(const std::string& object, hid_t dataset, const Hdf5Dataset& found) const {
  const Hdf5Properties creation(checked(H5Dget_create_plist(dataset), object, "has no layout"));
  const H5D_layout_t layout = checked(H5Pget_layout(creation.get()), object, "has no layout");
  if (layout == H5D_VIRTUAL || checked(H5Pget_external_count(creation.get()), object, "has no layout") > 0)
    fail(object, "keeps its data in other files; it must lie in this file itself");
  const int filters = checked(H5Pget_nfilters(creation.get()), object, "has no filters");
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        checked(H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr),
                object, "has no filters");
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      fail(object, "is stored with filter " + std::to_string(filter) + "; gzip, shuffle and fletcher32 can be read");
  }
  if (layout == H5D_CHUNKED) {
    std::vector<hsize_t> chunk(found.shape.size());
    checked(H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), object, "has no chunks");
    const std::vector<std::size_t> shape(chunk.begin(), chunk.end());
    const auto bytes = product(shape, size_of(found.type));
    if (!bytes || *bytes > std::max(found.bytes, kSmallChunkBytes))
      fail(object, "is stored in chunks of " + shape_text(shape) + ", which is more than it holds (" +
                       shape_text(found.shape) + "); write it in smaller chunks");
  }
  const std::size_t stored = H5Dget_storage_size(dataset);
  const std::size_t ratio = filters > 0 ? kLargestDeflateRatio : 1;
  if (stored > file_bytes_ || found.bytes / ratio > stored)
    fail(object, "has shape " + shape_text(found.shape) + ", which needs " + std::to_string(found.bytes) +
                     " bytes, but the file holds " + std::to_string(stored) + " for it");
}

void Hdf5File::read(const std::string& object, std::span<std::byte> out) const {
  const Hdf5Dataset found = dataset(object);
  CROSSILO_ASSERT(found.type != Hdf5Type::other && found.bytes == out.size());
  if (out.empty()) return;
  const Hdf5Object handle(checked(H5Dopen2(file_.get(), object.c_str(), H5P_DEFAULT), object, "is no data set"));
  checked(H5Dread(handle.get(), stored_type(found.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()), object,
          "cannot be read");
}

void Hdf5File::write(const Hdf5NewDataset& dataset, std::span<const std::byte> bytes) {
  CROSSILO_ASSERT(product(dataset.shape, size_of(dataset.type)) == bytes.size());
  const std::string& object = dataset.object;
  const std::vector<hsize_t> shape(dataset.shape.begin(), dataset.shape.end());
  const Hdf5Space space(
      checked(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), object, "no shape"));
  const Hdf5Properties links(checked(H5Pcreate(H5P_LINK_CREATE), object, "no property list"));
  checked(H5Pset_create_intermediate_group(links.get(), 1), object, "no groups");
  const Hdf5Properties creation(checked(H5Pcreate(H5P_DATASET_CREATE), object, "no property list"));
  checked(H5Pset_obj_track_times(creation.get(), false), object, "no property list");
  if (dataset.chunk_rows > 0) {
    std::vector<hsize_t> chunk = shape;
    chunk.front() = dataset.chunk_rows;
    checked(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), object, "no chunks");
  }
  const hid_t type = stored_type(dataset.type);
  const Hdf5Object handle(
      checked(H5Dcreate2(file_.get(), object.c_str(), type, space.get(), links.get(), creation.get(), H5P_DEFAULT),
              object, "cannot be created"));
  if (bytes.empty()) return;
  checked(H5Dwrite(handle.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), object, "cannot be written");
}

}  // namespace crossilo
