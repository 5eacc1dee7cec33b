#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "../model/torchscript_check.hpp"
#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/model_commands.hpp"
#include "crossilo/cli/model_spec.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/text.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "model check",
    .usage =
        "Usage: crossilo model check FILE.pt --data SILO_FILE | --features N | --sample_shape H,W [options]\n"
        "Loads a TorchScript module and runs it forward and backward on random rows.\n\n",
    .example = "\nExample: crossilo model check m.pt --data data/heart/va.h5\n",
    .positional = {"FILE"}};

po::options_description option_list() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("data", po::value<std::string>()->value_name("SILO_FILE"), "take shape, task and classes from a silo file");
  add("features", po::value<std::size_t>()->value_name("N"), "a row is N numbers");
  add("sample_shape", po::value<std::string>()->value_name("H,W"), "a row is an array of this shape");
  add("task", po::value<std::string>()->default_value("binary"), "binary, multiclass or regression");
  add("classes", po::value<std::size_t>()->value_name("N"), "of the task multiclass");
  add("json", "print a JSON object");
  return options;
}

[[noreturn]] void refuse(const std::string& what) {
  throw ConfigError("model check: " + what + "; see crossilo model check --help");
}

std::size_t outputs_for(const po::variables_map& values) {
  const auto& task = values["task"].as<std::string>();
  if (task == "binary" || task == "regression") return 1;
  if (task != "multiclass") refuse(fmt::format("task = \"{}\": binary, multiclass or regression is wanted", task));
  if (values.count("classes") == 0 || values["classes"].as<std::size_t>() < 3)
    refuse("the task multiclass wants --classes N, 3 or more");
  return values["classes"].as<std::size_t>();
}

ModelSpec spec_of(const po::variables_map& values, const std::string& path) {
  if (values.count("data") + values.count("features") + values.count("sample_shape") != 1)
    refuse("one of --data, --features and --sample_shape is wanted");
  if (values.count("data") > 0)
    return make_model_spec({.name = "", .torchscript = path},
                           read_silo_summary(values["data"].as<std::string>()).schema);
  ModelSpec spec{.name = "", .inputs = 1, .outputs = outputs_for(values), .torchscript = path};
  spec.sample_shape = values.count("features") > 0
                          ? std::vector{values["features"].as<std::size_t>()}
                          : parse_shape("sample_shape", values["sample_shape"].as<std::string>());
  for (const std::size_t extent : spec.sample_shape) spec.inputs *= extent;
  if (spec.inputs == 0) refuse("features = 0: a number from 1 on is wanted");
  return spec;
}

/// What a user should know, one line each.
std::vector<std::string> warnings_of(const TorchscriptCheck& check) {
  std::vector<std::string> warnings;
  if (check.is_traced)
    warnings.push_back(
        "traced, not scripted: branches and training mode are frozen as they were (dropout and batch normalisation do "
        "not switch); use torch.jit.script");
  if (!check.is_repeatable)
    warnings.push_back("evaluating the same rows twice gives different outputs: something random is not switched off");
  if (check.gives_probabilities)
    warnings.push_back(
        "the outputs look like probabilities (a sigmoid or softmax at the end?): logits are wanted, or the scaled "
        "target "
        "of a regression");
  for (const std::string& name : check.unreached)
    warnings.push_back(fmt::format("no gradient reaches parameter {}: it would stay as it is", name));
  return warnings;
}

nlohmann::ordered_json to_json(const TorchscriptCheck& check, const ModelSpec& spec) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const TensorSpec& tensor : check.tensors)
    tensors.push_back({{"name", tensor.name},
                       {"shape", tensor.shape},
                       {"kind", tensor.kind == TensorKind::buffer ? "buffer" : "weight"}});
  return {{"file", spec.torchscript},
          {"sha256", check.sha256},
          {"sample_shape", spec.sample_shape},
          {"outputs", spec.outputs},
          {"parameters", check.weights},
          {"buffer_values", check.buffers},
          {"tensors", tensors},
          {"frozen", check.frozen},
          {"traced", check.is_traced},
          {"repeatable", check.is_repeatable},
          {"differs_in_training", check.differs_in_training},
          {"parameters_without_gradient", check.unreached},
          {"step_seconds", check.step_seconds},
          {"warnings", warnings_of(check)}};
}

std::string check_text(const TorchscriptCheck& check, const ModelSpec& spec) {
  std::string text = fmt::format("{}: fits; rows of [{}] to {} output{}\n", spec.torchscript,
                                 fmt::join(spec.sample_shape, ", "), spec.outputs, spec.outputs == 1 ? "" : "s");
  text += fmt::format("  SHA-256        {}\n", check.sha256);
  text += fmt::format("  trained        {} parameters\n", check.weights);
  text += fmt::format("  averaged       {} values of buffers\n", check.buffers);
  text += fmt::format("  training mode  {}\n", check.differs_in_training
                                                   ? "differs from evaluation (dropout or batch normalisation)"
                                                   : "same as evaluation");
  text += fmt::format("  one step       {} forward and backward on {} random rows\n\n",
                      readable_seconds(check.step_seconds), kCheckedRows);
  for (const TensorSpec& tensor : check.tensors)
    text += fmt::format("  {} [{}]{}\n", tensor.name, fmt::join(tensor.shape, ", "),
                        tensor.kind == TensorKind::buffer ? "  buffer" : "");
  for (const std::string& name : check.frozen) text += fmt::format("  {}  frozen: stays as it is\n", name);
  for (const std::string& warning : warnings_of(check)) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace

int run_model_check(int argc, char** argv) {
  const auto values = parse_command_line(kText, option_list(), argc, argv);
  if (!values) return 0;
  const auto& files = (*values)["FILE"].as<std::vector<std::string>>();
  if (files.size() != 1) refuse(fmt::format("{} files are given, one is wanted", files.size()));
  const ModelSpec spec = spec_of(*values, files.front());
  const TorchSession torch;
  const TorchscriptCheck check = check_torchscript(spec);
  if (values->count("json") > 0)
    std::cout << json_text(to_json(check, spec));
  else
    std::cout << check_text(check, spec);
  return 0;
}

}  // namespace crossilo
