// Aim: the command line of `crossilo train`, understood.
#pragma once

#include <optional>

#include "crossilo/io/config.hpp"
#include "train_rank.hpp"

namespace crossilo {

/// What it asks for.
struct TrainCommand {
  Config config;
  RankPlaces places;
  int np = 0;  // ranks to start; 0: this process is one
};

/// Takes the arguments behind "train". Nothing after --help, which is printed. Throws: ConfigError.
[[nodiscard]] std::optional<TrainCommand> parse_train(int argc, char** argv);

}  // namespace crossilo
