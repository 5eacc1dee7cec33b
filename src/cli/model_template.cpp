#include <fmt/format.h>

#include <iostream>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/model_commands.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "model template",
    .usage =
        "Usage: crossilo model template [--task T] [--features N] [--classes N]\n"
        "Prints a Python program that scripts a module; change its layers, run it, train its file.\n\n",
    .example = "\nExample: crossilo model template --features 18 > my_model.py && python3 my_model.py\n",
    .positional = {}};

/// {0} features, {1} outputs, {2} what forward returns, {3} task option of model check.
constexpr const char* kProgram =
    R"(# A module for crossilo, written as TorchScript. Needs PyTorch; crossilo itself needs no Python.
import torch
from torch import nn


class MyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear({0}, 32),
            nn.BatchNorm1d(32),  # its running statistics are averaged over the silos, like the weights
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(32, {1}),
        )

    def forward(self, x):  # x: [rows, {0}], scaled; returns {2}
        return self.layers(x)


torch.manual_seed(1)
torch.jit.script(MyModel()).save("m.pt")  # script, not trace: dropout must be off in evaluation
print("m.pt is written; now: crossilo model check m.pt --features {0} --task {3}")
)";

}  // namespace

int run_model_template(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("task", po::value<std::string>()->default_value("binary"), "binary, multiclass or regression")(
      "features", po::value<std::size_t>()->default_value(10), "numbers in a row")(
      "classes", po::value<std::size_t>()->default_value(3), "of the task multiclass");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const auto& task = (*values)["task"].as<std::string>();
  const auto features = (*values)["features"].as<std::size_t>();
  const auto classes = (*values)["classes"].as<std::size_t>();
  if (features == 0) throw ConfigError("model template: features = 0: a number from 1 on is wanted");
  if (task == "multiclass" && classes >= 3)
    fmt::print(fmt::runtime(kProgram), features, classes, fmt::format("[rows, {}], a logit for each class", classes),
               fmt::format("multiclass --classes {}", classes));
  else if (task == "binary")
    fmt::print(fmt::runtime(kProgram), features, 1, "[rows, 1], the logit of the positive class", task);
  else if (task == "regression")
    fmt::print(fmt::runtime(kProgram), features, 1, "[rows, 1], the scaled target", task);
  else
    throw ConfigError(
        fmt::format("model template: task = \"{}\", classes = {}: binary, multiclass (3 classes or more) or "
                    "regression is wanted",
                    task, classes));
  return 0;
}

}  // namespace crossilo
