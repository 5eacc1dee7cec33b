// The program: finds the subcommand, runs it, turns an error into one clear line and its exit code.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string_view>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/cli/doctor.hpp"
#include "crossilo/cli/model_commands.hpp"
#include "crossilo/cli/plan.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/cli/slurm_commands.hpp"
#include "crossilo/cli/train.hpp"
#include "crossilo/cli/version.hpp"

namespace {

/// A subcommand of one or two words. Its function gets the arguments behind them.
struct Subcommand {
  std::string_view name;
  std::string_view arguments;
  std::string_view meaning;
  int (*run)(int argc, char** argv);
};

constexpr std::array kSubcommands = {
    Subcommand{"train", "CONFIG.ini --np N", "train; starts N ranks with mpirun", &crossilo::run_train},
    Subcommand{"plan", "CONFIG.ini", "what a configuration comes to; trains nothing", &crossilo::run_plan},
    Subcommand{"data import", "…", "make silo files from CSV or IDX images", &crossilo::run_data_import},
    Subcommand{"data describe", "FILE…", "rows, label rate and missing values, side by side",
               &crossilo::run_data_describe},
    Subcommand{"data split", "FILE --silos K", "deal rows out to K silo files", &crossilo::run_data_split},
    Subcommand{"data check", "FILE…", "do columns agree, and where do silos differ most", &crossilo::run_data_check},
    Subcommand{"data synth", "--silos K", "made data (FedProx), without any network", &crossilo::run_data_synth},
    Subcommand{"evaluate", "MODEL FILE…", "loss, accuracy, AUC or RMSE of a trained model on silo files",
               &crossilo::run_evaluate},
    Subcommand{"predict", "MODEL FILE", "predictions for the rows of a CSV or silo file", &crossilo::run_predict},
    Subcommand{"model check", "FILE.pt", "whether a TorchScript module fits, and what it has",
               &crossilo::run_model_check},
    Subcommand{"model template", "", "the Python that scripts a module", &crossilo::run_model_template},
    Subcommand{"report", "RUN | --bench FILE…", "one page on a run, as report.html in its folder, or on benchmarks",
               &crossilo::run_report},
    Subcommand{"compare", "RUN RUN…", "several runs over each other, and where their settings differ",
               &crossilo::run_compare},
    Subcommand{"runs", "[FOLDER]", "the runs in a folder: status, rounds, metric, seconds", &crossilo::run_runs},
    Subcommand{"slurm render", "CONFIG.ini --profile NAME", "a batch script for a cluster",
               &crossilo::run_slurm_render},
    Subcommand{"slurm again", "…", "what slurm/lib.sh does after a lost silo", &crossilo::run_slurm_again},
    Subcommand{"doctor", "[--json]", "is this machine fit to train?", &crossilo::run_doctor},
    Subcommand{"version", "[--json]", "versions of crossilo and of its libraries", &crossilo::run_version},
};

/// One line for each subcommand whose name begins so.
std::string subcommand_lines(std::string_view beginning) {
  std::string text;
  for (const Subcommand& subcommand : kSubcommands)
    if (subcommand.name.starts_with(beginning))
      text += fmt::format("  {:<48}{}\n", fmt::format("crossilo {} {}", subcommand.name, subcommand.arguments),
                          subcommand.meaning);
  return text;
}

std::string usage() {
  return "crossilo trains one model over many institutions' private data. Only masked words leave a silo.\n\n" +
         subcommand_lines("") + "\nEach subcommand has --help. A first run:  jobs/quickstart.sh\n";
}

int usage_error(std::string_view what) {
  fmt::print(stderr, "crossilo: {}\n\n{}", what, usage());
  return static_cast<int>(crossilo::ExitCode::configuration);
}

/// "import or describe": the second words that the first one may have.
std::string second_words(std::string_view first) {
  std::string words;
  for (const Subcommand& subcommand : kSubcommands)
    if (subcommand.name.starts_with(first) && subcommand.name.size() > first.size())
      words += fmt::format("{}{}", words.empty() ? "" : " | ", subcommand.name.substr(first.size() + 1));
  return words;
}

int run(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  const std::string_view second = argc > 2 ? argv[2] : "";
  if (first == "--help" || first == "-h" || first == "help") return fmt::print("{}", usage()), 0;
  if (first == "--version") return crossilo::run_version(argc - 2, argv + 2);
  for (const Subcommand& subcommand : kSubcommands) {
    if (subcommand.name == first) return subcommand.run(argc - 2, argv + 2);
    if (subcommand.name == fmt::format("{} {}", first, second)) return subcommand.run(argc - 3, argv + 3);
  }
  const std::string words = second_words(first);
  if (first.empty()) return usage_error("a subcommand is wanted");
  if (words.empty()) return usage_error(fmt::format("no such subcommand: {}", first));
  if (second == "--help" || second == "-h")
    return fmt::print("{}\nEach has --help.\n", subcommand_lines(fmt::format("{} ", first))), 0;
  return usage_error(fmt::format("{} wants one of: {}", first, words));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int code = run(argc, argv);
    // A full disk behind > FILE shows only now.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw crossilo::StorageError("standard output: what was printed could not be written (disk full, or closed?)");
    return code;
  } catch (const crossilo::Error& error) {
    fmt::print(stderr, "crossilo: {}\n", error.what());
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "crossilo: internal error: {}; please report this\n", error.what());
    return static_cast<int>(crossilo::ExitCode::internal);
  }
}
