#include "crossilo/io/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "crossilo/io/text.hpp"

namespace crossilo {
namespace {

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool wants_plain_lines() {
  const char* const terminal = std::getenv("TERM");
  return is_set("CI") || (terminal != nullptr && std::string_view(terminal) == "dumb");
}

/// Three digits, or all before the point.
std::string readable_rate(double rate) {
  return rate >= 100.0 ? fmt::format("{:.0f}", rate) : fmt::format("{:.3g}", rate);
}

/// Of the rounds of this start behind its first, which has the start-up in it. 0: not known yet.
double seconds_of_round(const RoundProgress& progress) {
  if (progress.rounds_here < 2) return 0.0;
  return (progress.total_seconds - progress.first_seconds) / (progress.rounds_here - 1);
}

}  // namespace

std::string progress_line(const RoundProgress& progress, std::size_t columns) {
  std::vector<std::string> parts{fmt::format("round {}/{}", progress.round, progress.rounds)};
  if (progress.metric)
    parts.push_back(fmt::format("  {} {:.3f}", progress.metric_name, *progress.metric) +
                    (progress.metric_error ? fmt::format(" ± {:.3f}", *progress.metric_error) : ""));
  if (progress.loss) parts.push_back(fmt::format("  loss {:.3f}", *progress.loss));
  const double round_seconds = seconds_of_round(progress);
  if (progress.round >= progress.rounds)
    parts.push_back("  " + readable_seconds(progress.total_seconds) + " in all");
  else if (round_seconds > 0.0)
    parts.push_back("  " + readable_seconds(round_seconds * (progress.rounds - progress.round)) + " left");
  parts.push_back(" │ train " + readable_seconds(progress.train_seconds));
  parts.push_back("  sum " + readable_seconds(progress.sum_seconds));
  if (progress.sum_bytes_per_second > 0.0) parts.push_back("  " + readable_bytes(progress.sum_bytes_per_second) + "/s");
  parts.push_back(fmt::format("  {} silo{}", progress.silos, progress.silos == 1 ? "" : "s"));
  if (progress.best_round != 0) parts.push_back(fmt::format(" │ best round {}", progress.best_round));
  if (round_seconds > 0.0) parts.push_back(fmt::format("  {} rounds/min", readable_rate(60.0 / round_seconds)));
  std::string line;
  for (const std::string& part : parts) {
    if (display_width(line) + display_width(part) > columns) break;
    line += part;
  }
  return line;
}

std::size_t live_columns() {
  if (wants_plain_lines()) return 0;
  if (is_set(kColumnsVariable)) return std::strtoul(std::getenv(kColumnsVariable), nullptr, 10);
  const bool under_a_launcher = is_set("OMPI_COMM_WORLD_SIZE") || is_set("PMI_SIZE") || is_set("PMIX_RANK");
  winsize size{};
  if (under_a_launcher || ::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void show_text(std::FILE* stream, std::string_view text) noexcept {
  // Dropped on purpose: the models and the metrics are in the run folder.
  if (std::fwrite(text.data(), 1, text.size(), stream) != text.size() || std::fflush(stream) != 0)
    std::clearerr(stream);
}

void show_warning(std::string_view text) { show_text(stderr, fmt::format("crossilo: warning: {}\n", text)); }

void Progress::show(const RoundProgress& progress) {
  constexpr const char* kClearLine = "\r\x1b[K";
  const bool live = columns_ != 0;
  // A line that fills the last column would wrap, and could not be drawn over.
  const std::string line = progress_line(progress, live ? columns_ - 1 : kPlainColumns);
  show_text(stream_, fmt::format("{}{}{}", live ? kClearLine : "", line, live ? "" : "\n"));
  line_is_open_ = live;
}

void Progress::finish() {
  if (line_is_open_) show_text(stream_, "\n");
  line_is_open_ = false;
}

}  // namespace crossilo
