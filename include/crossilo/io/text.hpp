// Aim: numbers as people read them.
#pragma once

#include <string>

#include "crossilo/base/text.hpp"

namespace crossilo {

/// "0.2 ms", "3 ms", "1.3 s", "4 min 10 s", "2 h 05 min": two digits that matter.
[[nodiscard]] std::string readable_seconds(double seconds);
/// "308 bytes", "12 kB", "1.2 MB", "25 GB": exact below 10 000, then two or three digits that matter; decimal units.
[[nodiscard]] std::string readable_bytes(double bytes);

}  // namespace crossilo
