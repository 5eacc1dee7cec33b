#include "crossilo/io/metrics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "crossilo/base/error.hpp"
#include "crossilo/io/json_text.hpp"

namespace crossilo {

MetricsWriter::MetricsWriter(std::string path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw StorageError(path_ + ": cannot be written: " + std::strerror(errno));
}

MetricsWriter::~MetricsWriter() { ::close(descriptor_); }

void MetricsWriter::write(const MetricRecord& record) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : record) std::visit([&](const auto& plain) { json[key] = plain; }, value);
  const std::string line = json_text(json, -1);
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t written = ::write(descriptor_, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw StorageError(path_ + ": writing failed: " + std::strerror(errno));
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace crossilo
