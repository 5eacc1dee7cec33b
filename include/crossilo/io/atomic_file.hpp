// Aim: a file is there whole or not at all, also after a crash.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace crossilo {

/// What happens to a file that is already there.
enum class Existing { replace, keep };

/// Writes the pieces behind each other under a temporary name, flushes them to the disk and gives the file its name.
/// True when `path` holds the pieces afterwards; false when it was there before and was kept.
/// `mode`: the permissions of a new file, less the umask. Throws: StorageError with path and cause.
bool write_file_atomically(const std::string& path, std::span<const std::span<const std::byte>> pieces,
                           Existing existing = Existing::replace, unsigned mode = 0666);
bool write_file_atomically(const std::string& path, std::string_view text, Existing existing = Existing::replace,
                           unsigned mode = 0666);

/// The whole file; nothing when there is no such file. Throws: StorageError when it cannot be read.
[[nodiscard]] std::optional<std::string> read_file_if_there(const std::string& path);

}  // namespace crossilo
