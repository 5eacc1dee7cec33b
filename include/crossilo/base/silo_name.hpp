// Aim: the one rule of what a silo may be called, in files, configurations and messages alike.
#pragma once

#include <string>
#include <string_view>

namespace crossilo {

inline constexpr const char* kSiloNameAllowed = "a-z, 0-9, _ and -, at most 64 characters";

/// Why a text is no silo's name ("has a capital letter"); empty when it is one.
[[nodiscard]] std::string silo_name_fault(std::string_view name);

/// The text in small letters, with _ for every character that a name cannot have. It may still be empty or too long.
[[nodiscard]] std::string nearest_silo_name(std::string_view text);

}  // namespace crossilo
