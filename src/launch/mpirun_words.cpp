#include "mpirun_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "mpirun.hpp"

namespace crossilo {
namespace {

constexpr double kRefusalSecondsMax = 20.0;

}  // namespace

CommandOutput output_of(const std::vector<std::string>& command, double seconds_max) {
  for (const std::string& entry : mpirun_environment())
    if (const std::size_t equals = entry.find('='); equals != std::string::npos)
      ::setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, /*overwrite=*/0);
  const std::string line = fmt::format("timeout {:.0f} {} 2>&1 < /dev/null", seconds_max, shell_line(command));
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "r"), [](FILE*) { return 0; });
  if (!pipe) return {"cannot be started", -1};
  CommandOutput output;
  std::array<char, 4096> buffer{};
  for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    output.text.append(buffer.data(), got);
  output.status = ::pclose(pipe.get());
  while (!output.text.empty() && output.text.back() == '\n') output.text.pop_back();
  return output;
}

std::string first_paragraph(const std::string& text) {
  std::istringstream lines(text);
  std::string paragraph;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    const bool is_blank = begin == std::string::npos || line.find_first_not_of('-') == std::string::npos;
    if (is_blank && !paragraph.empty()) break;
    if (!is_blank) paragraph += (paragraph.empty() ? "" : " ") + line.substr(begin);
  }
  while (!paragraph.empty() && std::string(".: ").find(paragraph.back()) != std::string::npos) paragraph.pop_back();
  return paragraph;
}

std::string mpirun_refusal(int ranks) {
  std::vector<std::string> command = mpirun_start(ranks);
  std::erase(command, "-q");
  command.emplace_back("true");
  const CommandOutput output = output_of(command, kRefusalSecondsMax);
  return output.status == 0 ? "" : first_paragraph(output.text);
}

}  // namespace crossilo
