#include <algorithm>

#include "crossilo/base/check.hpp"
#include "hdf5_call.hpp"

namespace crossilo {
namespace {

/// The text in a field of fixed length, without its padding.
std::string without_padding(const char* field, std::size_t bytes, H5T_str_t padding) {
  std::string text(field, bytes);
  if (padding == H5T_STR_SPACEPAD) return text.substr(0, text.find_last_not_of(' ') + 1);
  return text.substr(0, text.find('\0'));
}

/// Strings that HDF5 allocated; given back when this dies.
class ForeignStrings {
 public:
  ForeignStrings(hid_t type, hid_t space, std::size_t count) : type_(type), space_(space), strings_(count, nullptr) {}
  ForeignStrings(const ForeignStrings&) = delete;
  ForeignStrings& operator=(const ForeignStrings&) = delete;
  ~ForeignStrings() { static_cast<void>(H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, strings_.data())); }
  [[nodiscard]] char** data() { return strings_.data(); }
  [[nodiscard]] std::vector<std::string> copy() const {
    std::vector<std::string> result;
    for (const char* string : strings_) result.emplace_back(string == nullptr ? "" : string);
    return result;
  }

 private:
  hid_t type_;
  hid_t space_;
  std::vector<char*> strings_;
};

}  // namespace

/// An attribute with its type and extent.
struct Hdf5File::OpenAttribute {
  Hdf5Attribute attribute;
  Hdf5Datatype type;
  Hdf5Space space;
};

std::optional<Hdf5File::OpenAttribute> Hdf5File::open_attribute(const std::string& object,
                                                                const std::string& name) const {
  const std::string place = object + "@" + name;
  const char* const what = "cannot be read";
  if (!has(object)) return std::nullopt;
  if (checked(H5Aexists_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT), place, what) == 0)
    return std::nullopt;
  Hdf5Attribute attribute(
      checked(H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), place, what));
  Hdf5Datatype type(checked(H5Aget_type(attribute.get()), place, what));
  Hdf5Space space(checked(H5Aget_space(attribute.get()), place, what));
  return OpenAttribute{std::move(attribute), std::move(type), std::move(space)};
}

std::optional<std::vector<std::string>> Hdf5File::texts(const std::string& object, const std::string& name) const {
  const std::string place = object + "@" + name;
  const char* const what = "cannot be read";
  const std::optional<OpenAttribute> opened = open_attribute(object, name);
  if (!opened) return std::nullopt;
  const auto& [attribute, type, space] = *opened;
  if (H5Tget_class(type.get()) != H5T_STRING) fail(place, "text is wanted");
  const auto count = static_cast<std::size_t>(checked(H5Sget_simple_extent_npoints(space.get()), place, what));
  const bool variable = checked(H5Tis_variable_str(type.get()), place, what) > 0;
  const std::size_t bytes_each = variable ? 1 : H5Tget_size(type.get());
  if (bytes_each == 0 || count > file_bytes_ / bytes_each) fail(place, "claims more text than the file can hold");
  if (count == 0) return std::vector<std::string>{};

  if (variable) {
    const Hdf5Datatype memory_type(checked(H5Tcopy(type.get()), place, what));
    ForeignStrings strings(memory_type.get(), space.get(), count);
    checked(H5Aread(attribute.get(), memory_type.get(), strings.data()), place, what);
    return strings.copy();
  }
  std::vector<char> fields(count * bytes_each);
  checked(H5Aread(attribute.get(), type.get(), fields.data()), place, what);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(without_padding(&fields[i * bytes_each], bytes_each, H5Tget_strpad(type.get())));
  return result;
}

std::optional<std::string> Hdf5File::text(const std::string& object, const std::string& name) const {
  const auto found = texts(object, name);
  if (!found) return std::nullopt;
  if (found->size() != 1) fail(object + "@" + name, "one text is wanted, " + std::to_string(found->size()) + " found");
  return found->front();
}

template <class Value>
std::optional<Value> Hdf5File::scalar(const std::string& object, const std::string& name) const {
  const std::string place = object + "@" + name;
  const char* const what = "cannot be read";
  constexpr bool wants_integer = std::is_integral_v<Value>;
  const std::optional<OpenAttribute> opened = open_attribute(object, name);
  if (!opened) return std::nullopt;
  const auto& [attribute, type, space] = *opened;
  const H5T_class_t kind = H5Tget_class(type.get());
  const bool kind_fits = kind == H5T_INTEGER || (!wants_integer && kind == H5T_FLOAT);
  if (!kind_fits || H5Sget_simple_extent_npoints(space.get()) != 1)
    fail(place, wants_integer ? "one integer is wanted" : "one number is wanted");
  Value value{};
  checked(H5Aread(attribute.get(), wants_integer ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE, &value), place, what);
  return value;
}

std::optional<std::int64_t> Hdf5File::integer(const std::string& object, const std::string& name) const {
  return scalar<std::int64_t>(object, name);
}

std::optional<double> Hdf5File::number(const std::string& object, const std::string& name) const {
  return scalar<double>(object, name);
}

void Hdf5File::write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                               const void* data) {
  const std::string place = object + "@" + name;
  const Hdf5Attribute attribute(checked(
      H5Acreate_by_name(file_.get(), object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
      place, "cannot be created"));
  checked(H5Awrite(attribute.get(), type, data), place, "cannot be written");
}

// Texts are written with a fixed length: they then lie in the object header, under its checksum. HDF5 1.10 keeps texts
// of variable length in a heap without one, and reads out of bounds when a length in it is damaged.
void Hdf5File::write_fixed_texts(const std::string& object, const std::string& name, hid_t space,
                                 std::span<const std::string> texts) {
  std::size_t bytes_each = 1;
  for (const std::string& text : texts) bytes_each = std::max(bytes_each, text.size());
  std::vector<char> fields(texts.size() * bytes_each, '\0');
  for (std::size_t i = 0; i < texts.size(); ++i) std::copy(texts[i].begin(), texts[i].end(), &fields[i * bytes_each]);
  const Hdf5Datatype type(checked(H5Tcopy(H5T_C_S1), object, "no text type"));
  checked(H5Tset_size(type.get(), bytes_each), object, "no text type");
  checked(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), object, "no text type");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), object, "no text type");
  write_attribute(object, name, type.get(), space, fields.data());
}

void Hdf5File::write_text(const std::string& object, const std::string& name, const std::string& text) {
  const Hdf5Space space(checked(H5Screate(H5S_SCALAR), object, "no shape"));
  write_fixed_texts(object, name, space.get(), {&text, 1});
}

void Hdf5File::write_texts(const std::string& object, const std::string& name, const std::vector<std::string>& texts) {
  const hsize_t count = texts.size();
  const Hdf5Space space(checked(H5Screate_simple(1, &count, nullptr), object, "no shape"));
  write_fixed_texts(object, name, space.get(), texts);
}

void Hdf5File::write_integer(const std::string& object, const std::string& name, std::int64_t value) {
  const Hdf5Space space(checked(H5Screate(H5S_SCALAR), object, "no shape"));
  write_attribute(object, name, H5T_STD_I64LE, space.get(), &value);
}

void Hdf5File::write_number(const std::string& object, const std::string& name, double value) {
  const Hdf5Space space(checked(H5Screate(H5S_SCALAR), object, "no shape"));
  write_attribute(object, name, H5T_IEEE_F64LE, space.get(), &value);
}

}  // namespace crossilo
