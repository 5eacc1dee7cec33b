// Aim: lists of hosts as clusters write them: "n[1-4,07]x, m1".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

inline constexpr std::size_t kHostsMax = 100'000;

/// The hosts of a list, in its order. Brackets hold numbers and ranges, "n[01-03,7]" is n01, n02, n03, n7; a name may
/// have several: "r[1-2]n[1-2]". Blanks around commas do not matter.
/// Throws: ConfigError that says which part is no host, and why.
[[nodiscard]] std::vector<std::string> expand_hosts(std::string_view list);

/// True when both name one machine: alike, or one is the other with its domain ("n1", "n1.example.org").
[[nodiscard]] bool is_same_host(std::string_view one, std::string_view other);

}  // namespace crossilo
