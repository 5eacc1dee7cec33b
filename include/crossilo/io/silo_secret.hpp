// Aim: a silo's own secret, the root of everything only it may know.
#pragma once

#include <string>

#include "crossilo/base/secret_key.hpp"

namespace crossilo {

/// The 256-bit secret in `folder`/secret, made from the operating system's generator (mode 0600) where there is none.
/// Throws: StorageError when it cannot be made; EnvironmentError when others may read it or its size is wrong.
[[nodiscard]] SecretKey read_or_create_secret(const std::string& folder);

}  // namespace crossilo
