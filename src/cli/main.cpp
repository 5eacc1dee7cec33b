// The program: finds the subcommand, runs it, turns an error into one clear line and its exit code.
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/cli/model_commands.hpp"
#include "crossilo/cli/train.hpp"
#include "crossilo/cli/version.hpp"

namespace {

constexpr const char* kUsage =
    R"(crossilo trains one model over many institutions' private data. Only masked words leave a silo.

  crossilo train CONFIG.ini --np N    train; starts N ranks with mpirun
  crossilo data import …              make silo files from CSV
  crossilo data describe FILE…        rows, label rate and missing values, side by side
  crossilo evaluate MODEL FILE…       loss, accuracy, AUC or RMSE of a trained model on silo files
  crossilo predict MODEL FILE         predictions for the rows of a CSV or silo file
  crossilo model check FILE.pt        whether a TorchScript module fits, and what it has
  crossilo model template             the Python that scripts a module
  crossilo --version                  versions of crossilo and of its libraries

Each subcommand has --help. A first run:  jobs/quickstart.sh
)";

int usage_error(std::string_view what) {
  fmt::print(stderr, "crossilo: {}\n\n{}", what, kUsage);
  return static_cast<int>(crossilo::ExitCode::configuration);
}

int run(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  const std::string_view second = argc > 2 ? argv[2] : "";
  if (command == "--help" || command == "-h" || command == "help") return fmt::print("{}", kUsage), 0;
  if (command == "--version") return fmt::print("{}", crossilo::version_text()), 0;
  if (command == "train") return crossilo::run_train(argc - 2, argv + 2);
  if (command == "evaluate") return crossilo::run_evaluate(argc - 2, argv + 2);
  if (command == "predict") return crossilo::run_predict(argc - 2, argv + 2);
  if (command == "model" && second == "check") return crossilo::run_model_check(argc - 3, argv + 3);
  if (command == "model" && second == "template") return crossilo::run_model_template(argc - 3, argv + 3);
  if (command == "model") return usage_error("model wants check or template");
  if (command == "data" && second == "import") return crossilo::run_data_import(argc - 3, argv + 3);
  if (command == "data" && second == "describe") return crossilo::run_data_describe(argc - 3, argv + 3);
  if (command == "data" && (second == "--help" || second == "-h")) return fmt::print("{}", kUsage), 0;
  if (command == "data") return usage_error("data wants import or describe");
  return usage_error(command.empty() ? "a subcommand is wanted" : fmt::format("no such subcommand: {}", command));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const crossilo::Error& error) {
    fmt::print(stderr, "crossilo: {}\n", error.what());
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "crossilo: internal error: {}; please report this\n", error.what());
    return static_cast<int>(crossilo::ExitCode::internal);
  }
}
