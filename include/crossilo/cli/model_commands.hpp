// Aim: the subcommands that look at models and use trained ones.
#pragma once

namespace crossilo {

/// crossilo model check|template …, crossilo evaluate …, crossilo predict …: run and return the exit code.
/// Throws: ConfigError, DataError, StorageError.
[[nodiscard]] int run_model_check(int argc, char** argv);
[[nodiscard]] int run_model_template(int argc, char** argv);
[[nodiscard]] int run_evaluate(int argc, char** argv);
[[nodiscard]] int run_predict(int argc, char** argv);

}  // namespace crossilo
