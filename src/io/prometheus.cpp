#include "crossilo/io/prometheus.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0.0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

/// A label's value with quotes, backslashes and line ends escaped.
std::string label(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') escaped += '\\';
    escaped += letter == '\n' ? std::string("\\n") : std::string(1, letter);
  }
  return escaped;
}

}  // namespace

std::string prometheus_text(const std::vector<PrometheusMetric>& metrics, std::string_view run) {
  std::string text;
  for (const PrometheusMetric& metric : metrics)
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0}{{run=\"{3}\"}} {4}\n", metric.name, metric.help,
                        metric.is_counter ? "counter" : "gauge", label(run), number(metric.value));
  return text;
}

bool PrometheusFile::is_due() const { return !is_written_ || clock_.now_seconds() >= written_seconds_ + 1.0; }

void PrometheusFile::replace(const std::string& text) {
  const std::string temporary = path_ + ".tmp";
  std::error_code error;
  if (!(std::ofstream(temporary, std::ios::binary) << text << std::flush)) {
    std::filesystem::remove(temporary, error);
    throw StorageError(temporary + ": cannot be written; is the disk full?");
  }
  std::filesystem::rename(temporary, path_, error);
  if (error) {
    const std::string cause = error.message();
    std::filesystem::remove(temporary, error);
    throw StorageError(path_ + ": cannot be replaced: " + cause);
  }
  is_written_ = true;
  written_seconds_ = clock_.now_seconds();
}

}  // namespace crossilo
