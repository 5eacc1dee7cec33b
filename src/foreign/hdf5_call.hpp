// Aim: what the two halves of the HDF5 wrapper share: owned identifiers, types, HDF5's own message.
#pragma once

#include <hdf5.h>

#include <array>
#include <string>
#include <type_traits>

#include "crossilo/base/unique_handle.hpp"
#include "crossilo/foreign/hdf5.hpp"

namespace crossilo {

static_assert(std::is_same_v<hid_t, std::int64_t>, "HDF5 1.10 or later is needed");

template <herr_t (*Close)(hid_t)>
struct Hdf5Traits {
  using Handle = hid_t;
  static constexpr Handle none() { return -1; }
  static void close(Handle handle) noexcept { static_cast<void>(Close(handle)); }
};
using Hdf5Object = UniqueHandle<Hdf5Traits<H5Dclose>>;
using Hdf5Space = UniqueHandle<Hdf5Traits<H5Sclose>>;
using Hdf5Datatype = UniqueHandle<Hdf5Traits<H5Tclose>>;
using Hdf5Properties = UniqueHandle<Hdf5Traits<H5Pclose>>;
using Hdf5Attribute = UniqueHandle<Hdf5Traits<H5Aclose>>;

/// Errors are told by us, not printed by HDF5, and no plugin is loaded.
void quiet_hdf5();

/// The most specific entry of HDF5's error stack, which is emptied.
[[nodiscard]] std::string take_hdf5_message();

/// The predefined identifier of a stored type; not owned.
[[nodiscard]] hid_t stored_type(Hdf5Type type);

inline constexpr std::array kHdf5Types = {Hdf5Type::float32, Hdf5Type::float64, Hdf5Type::int8,  Hdf5Type::uint8,
                                          Hdf5Type::int16,   Hdf5Type::uint16,  Hdf5Type::int32, Hdf5Type::uint32,
                                          Hdf5Type::int64,   Hdf5Type::uint64};

template <class Result>
Result Hdf5File::checked(Result result, const std::string& object, const char* what) const {
  if (result < 0) fail(object, std::string(what) + ": " + take_hdf5_message());
  return result;
}

}  // namespace crossilo
