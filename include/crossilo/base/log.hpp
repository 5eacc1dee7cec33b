// Aim: one line for each thing worth saying, with silo and round, on stderr and in a file of the run folder.
// Never write a feature value or a label into the log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crossilo/base/types.hpp"

namespace crossilo {

enum class LogLevel : std::uint8_t { debug, info, warning, error, none };

/// Where this process logs to.
struct LogOptions {
  std::string silo;                        // named in every line; empty before it is known
  LogLevel stderr_level = LogLevel::info;  // none: to the file only
  std::string file;                        // empty: no file; otherwise appended to, from debug on
};

/// From now on lines go where `options` says. Before the first call they go to stderr, from info on.
/// Throws: StorageError when the file cannot be opened.
void open_log(const LogOptions& options);

/// Names the round in the lines that follow; round 0 names none.
void set_log_round(RoundIndex round);

/// Writes one line: "silo va, round 17: text" on stderr, with time and level before it in the file.
/// A line that cannot be written is dropped: logging never throws.
void log(LogLevel level, std::string_view text) noexcept;

inline void log_debug(std::string_view text) noexcept { log(LogLevel::debug, text); }
inline void log_info(std::string_view text) noexcept { log(LogLevel::info, text); }
inline void log_warning(std::string_view text) noexcept { log(LogLevel::warning, text); }
inline void log_error(std::string_view text) noexcept { log(LogLevel::error, text); }

}  // namespace crossilo
