#include "crossilo/base/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::none:
      break;
  }
  return spdlog::level::off;
}

spdlog::sink_ptr stderr_sink(LogLevel level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_level(level_of(level));
  sink->set_pattern("%v");
  return sink;
}

spdlog::sink_ptr file_sink(const std::string& path) try {
  auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  sink->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  return sink;
} catch (const spdlog::spdlog_ex& failure) {
  throw StorageError(path + ": the log cannot be opened: " + failure.what() + "; make its folder writable");
}

struct Log {
  std::shared_ptr<spdlog::logger> logger;
  std::string silo;
  RoundIndex round{};
};

std::shared_ptr<spdlog::logger> make_logger(std::vector<spdlog::sink_ptr> sinks) {
  auto logger = std::make_shared<spdlog::logger>("crossilo", sinks.begin(), sinks.end());
  logger->set_error_handler([](const std::string&) {});  // a line that cannot be written is dropped
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::debug);  // a process that dies has said what it said
  return logger;
}

Log& the_log() {
  static Log log{make_logger({stderr_sink(LogLevel::info)}), {}, {}};
  return log;
}

std::string prefix(const Log& log) {
  if (log.silo.empty()) return {};
  return log.round.value == 0 ? fmt::format("silo {}: ", log.silo)
                              : fmt::format("silo {}, round {}: ", log.silo, log.round.value);
}

}  // namespace

void open_log(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks{stderr_sink(options.stderr_level)};
  if (!options.file.empty()) sinks.push_back(file_sink(options.file));
  the_log() = {make_logger(std::move(sinks)), options.silo, {}};
}

void set_log_round(RoundIndex round) { the_log().round = round; }

void log(LogLevel level, std::string_view text) noexcept try {
  the_log().logger->log(level_of(level), "{}{}", prefix(the_log()), text);
} catch (...) {
  // A log that fails must not change what the program does.
}

}  // namespace crossilo
