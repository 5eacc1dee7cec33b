#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/model_commands.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/silo/local_silo.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "model template",
    .usage =
        "Usage: crossilo model template [--data SILO_FILE | --task T --features N --classes N]\n"
        "Prints a Python program that scripts a module; change its layers, run it, train its file.\n\n",
    .example = "\nExample: crossilo model template --data data/heart/va.h5 > my_model.py && python3 my_model.py\n",
    .positional = {}};

constexpr const char* kProgram =
    R"(# A module for crossilo, written as TorchScript. Needs PyTorch; crossilo itself needs no Python.
import torch
from torch import nn


class MyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential({flatten}
            nn.Linear({features}, 32),
            nn.BatchNorm1d(32),  # its running statistics are averaged over the silos, like the weights
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(32, {outputs}),
        )

    def forward(self, x):  # x: [rows, {shape}], scaled; returns {returns}
        return self.layers(x)


torch.manual_seed(1)
torch.jit.script(MyModel()).save("m.pt")  # script, not trace: dropout must be off in evaluation
print("m.pt is written; now: crossilo model check m.pt {check}")
)";

struct Wanted {
  Task task = Task::binary;
  std::vector<std::size_t> sample_shape;
  std::size_t outputs = 1;
  std::string check;  // options of model check
};

Wanted wanted_by_file(const std::string& path) {
  const SiloSchema schema = read_silo_summary(path).schema;
  return {.task = schema.task,
          .sample_shape = schema.sample_shape,
          .outputs = outputs_of(schema),
          .check = "--data " + path};
}

Wanted wanted_by_options(const po::variables_map& values) {
  const auto& task = values["task"].as<std::string>();
  const auto features = values["features"].as<std::size_t>();
  const auto classes = values["classes"].as<std::size_t>();
  if (features == 0) throw ConfigError("model template: features = 0: a number from 1 on is wanted");
  Wanted wanted{.sample_shape = {features}, .check = fmt::format("--features {} --task {}", features, task)};
  if (task == "multiclass" && classes >= 3) {
    wanted.task = Task::multiclass;
    wanted.outputs = classes;
    wanted.check += fmt::format(" --classes {}", classes);
  } else if (task == "regression") {
    wanted.task = Task::regression;
  } else if (task != "binary") {
    throw ConfigError(
        fmt::format("model template: task = \"{}\", classes = {}: binary, regression, or multiclass with 3 classes or "
                    "more is wanted",
                    task, classes));
  }
  return wanted;
}

std::string returns_text(const Wanted& wanted) {
  switch (wanted.task) {
    case Task::binary:
      return "[rows, 1], the logit of the positive class";
    case Task::multiclass:
      return fmt::format("[rows, {}], a logit for each class", wanted.outputs);
    case Task::regression:
      return "[rows, 1], the scaled target";
  }
  return {};
}

}  // namespace

int run_model_template(int argc, char** argv) {
  po::options_description options("Options");
  auto add = options.add_options();
  add("data", po::value<std::string>()->value_name("SILO_FILE"), "take shape, task and classes from a silo file");
  add("task", po::value<std::string>()->default_value("binary"), "binary, multiclass or regression");
  add("features", po::value<std::size_t>()->default_value(10), "numbers in a row");
  add("classes", po::value<std::size_t>()->default_value(3), "of the task multiclass");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const Wanted wanted =
      values->count("data") > 0 ? wanted_by_file((*values)["data"].as<std::string>()) : wanted_by_options(*values);
  std::size_t features = 1;
  for (const std::size_t extent : wanted.sample_shape) features *= extent;
  fmt::print(fmt::runtime(kProgram), fmt::arg("features", features), fmt::arg("outputs", wanted.outputs),
             fmt::arg("flatten", wanted.sample_shape.size() > 1 ? "\n            nn.Flatten()," : ""),
             fmt::arg("shape", fmt::join(wanted.sample_shape, ", ")), fmt::arg("returns", returns_text(wanted)),
             fmt::arg("check", wanted.check));
  return 0;
}

}  // namespace crossilo
