#include "private_state.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "crossilo/base/log.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/private_state.hpp"
#include "crossilo/io/progress.hpp"

namespace crossilo {
namespace {

/// Runs of one name may lie in several folders and share a private one: eight digits of the path tell them apart.
Generation generation_of(const RunFolder& folder, RoundIndex round, const Hash256& chain) {
  std::string path = std::filesystem::absolute(folder.path()).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string digits = to_hex(Sha256().update(path).finish()).substr(0, 8);
  const std::string name = std::filesystem::path(path).filename().string();
  return {.run = fmt::format("{}-{}", name, digits), .round = round, .chain = chain};
}

}  // namespace

void keep_private_state(const Config& config, const RunFolder& folder, std::span<Silo* const> silos, RoundIndex round,
                        const Hash256& chain, const std::function<void()>& show_life) {
  const Generation generation = generation_of(folder, round, chain);
  for (const Silo* silo : silos) {
    keep_remainder(path_for_silo(config.data.private_folder, silo->name()), generation, silo->remainder());
    show_life();
  }
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
      show_warning(text);
    };
    if (const auto remainder =
            find_remainder(path_for_silo(config.data.private_folder, silo->name()), generation, warn);
        remainder && !remainder->empty())
      silo->keep_remainder(*remainder);
  }
}

}  // namespace crossilo
