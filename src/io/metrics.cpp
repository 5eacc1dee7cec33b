#include "crossilo/io/metrics.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/json_text.hpp"

namespace crossilo {

std::string json_line(const MetricRecord& record) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& entry : record)  // no structured binding: clang 14 captures none in a lambda
    std::visit([&](const auto& plain) { json[entry.first] = plain; }, entry.second);
  return json_text(json, -1);
}

void cut_metrics(const std::string& path, std::uint32_t round) {
  const std::optional<std::string> text = read_file_if_there(path);
  if (!text) return;
  std::istringstream lines(*text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    const auto number = json.is_object() ? json.value("round", nlohmann::json()) : nlohmann::json();
    if (number.is_number_unsigned() && number.get<std::uint64_t>() < round) kept += line + "\n";
  }
  if (kept != *text) write_file_atomically(path, kept);
}

std::string continued_line(const std::string& begun, const MetricRecord& record) {
  const std::string line = json_line(record);
  return begun.empty() ? line : begun.substr(0, begun.rfind('}')) + "," + line.substr(1);
}

}  // namespace crossilo
