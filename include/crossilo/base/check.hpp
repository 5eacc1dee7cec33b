// Aim: assertions about our own mistakes; on in every build.
#pragma once

namespace crossilo {

/// Throws InternalError that names the broken condition and its place.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace crossilo

/// Checks a condition that only a mistake in this program can break. Never put a side effect into it.
#define CROSSILO_ASSERT(condition) \
  (static_cast<bool>(condition) ? void(0) : ::crossilo::assertion_failed(#condition, __FILE__, __LINE__))
