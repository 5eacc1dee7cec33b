#include "private_state.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "crossilo/base/log.hpp"
#include "crossilo/io/private_state.hpp"
#include "crossilo/io/progress.hpp"

namespace crossilo {
namespace {

Generation generation_of(const RunFolder& folder, RoundIndex round, const Hash256& chain) {
  const std::filesystem::path path = std::filesystem::path(folder.path()).lexically_normal();
  return {.run = (path.has_filename() ? path : path.parent_path()).filename().string(), .round = round, .chain = chain};
}

}  // namespace

void keep_private_state(const Config& config, const RunFolder& folder, std::span<Silo* const> silos, RoundIndex round,
                        const Hash256& chain) {
  const Generation generation = generation_of(folder, round, chain);
  for (const Silo* silo : silos)
    keep_remainder(path_for_silo(config.data.private_folder, silo->name()), generation, silo->remainder());
}

void take_up_private_state(const Config& config, const RunFolder& folder, std::span<Silo* const> silos,
                           RoundIndex round, const Hash256& chain) {
  const Generation generation = generation_of(folder, round, chain);
  for (Silo* silo : silos) {
    const auto warn = [&](const std::string& reason) {
      const std::string text = fmt::format(
          "silo {}: {}. What its encoding left over before round {} is lost, so the run does not have the bits of one "
          "that was left alone",
          silo->name(), reason, round.value + 1);
      log_warning(text);
      show_text(stderr, "crossilo: warning: " + text + "\n");
    };
    if (const auto remainder =
            find_remainder(path_for_silo(config.data.private_folder, silo->name()), generation, warn);
        remainder && !remainder->empty())
      silo->keep_remainder(*remainder);
  }
}

}  // namespace crossilo
