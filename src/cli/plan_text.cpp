#include "plan_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cost_text.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/text.hpp"
#include "text_table.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kListedMax = 20;  // silos and tensors on a screen; --json has all

using Row = TextRow;

std::string settings_text(const LoadedConfig& loaded) {
  const std::vector<std::string> idle = settings_without_effect(loaded.config);
  std::vector<Row> rows;
  for (const auto& [name, value] : all_settings(loaded.config))
    if (std::ranges::find(idle, name) == idle.end())
      rows.push_back({name, shortened_value(value), loaded.origins.at(name)});
  std::string text = "settings, and where each comes from\n" + text_table(rows, {false, false, false});
  if (!idle.empty()) text += fmt::format("  ({} that nothing reads here are left out; --json has all)\n", idle.size());
  return text;
}

std::string more(std::size_t all, const char* what) {
  return all > kListedMax ? fmt::format("  … and {} more {}; --json lists all\n", all - kListedMax, what) : "";
}

std::string data_text(const Config& config, const PlanFacts& plan) {
  std::string text = fmt::format("\ndata: {} silo{}", config.run.silos.size(), config.run.silos.size() == 1 ? "" : "s");
  if (plan.schema) {
    text += fmt::format(", {}, rows of [{}]", to_string(plan.schema->task), fmt::join(plan.schema->sample_shape, ", "));
    if (!plan.schema->class_names.empty()) text += fmt::format(", {} classes", plan.schema->class_names.size());
  }
  text += "\n";
  if (!plan.own_silo_question.empty()) return text + "  " + plan.own_silo_question + "\n";
  std::vector<Row> rows{{"silo", "rows to train", "to test", "file"}};
  for (const PlannedSilo& silo : plan.silos) {
    if (rows.size() > kListedMax) break;
    if (silo.fault.empty())
      rows.push_back({silo.name, fmt::format("{}", silo.train_rows), fmt::format("{}", silo.test_rows), silo.path});
    else
      rows.push_back({silo.name, "–", "–", silo.path + "  (see below)"});
  }
  return text + text_table(rows, {false, true, true, false}) + more(plan.silos.size(), "silos");
}

std::string model_text(const PlannedModel& model) {
  std::string text = fmt::format("\nmodel: {}, {} parameters", model.name, model.weights);
  if (model.buffers > 0) text += fmt::format(" and {} values of buffers", model.buffers);
  std::vector<Row> rows;
  for (const TensorSpec& tensor : model.tensors)
    if (rows.size() < kListedMax)
      rows.push_back({tensor.name, fmt::format("[{}]", fmt::join(tensor.shape, ", ")),
                      tensor.kind == TensorKind::buffer ? "buffer" : ""});
  return text + "\n" + text_table(rows, {false, false, false}) + more(model.tensors.size(), "tensors");
}

std::string traffic_text(const Config& config, const PlannedTraffic& traffic) {
  const auto size = [](std::uint64_t bytes) { return readable_bytes(static_cast<double>(bytes)); };
  const std::uint32_t rounds = config.run.rounds;
  const std::size_t silos = config.run.silos.size();
  const std::vector<Row> rows = {
      {"payload of a round", size(traffic.payload_bytes),
       traffic.first_payload_bytes == traffic.payload_bytes
           ? ""
           : fmt::format("{} in the first round", size(traffic.first_payload_bytes))},
      {"sent in a round", size(traffic.sent_bytes), "to all others together, on average; as much comes back"},
      {fmt::format("sent in {} round{}", rounds, rounds == 1 ? "" : "s"), size(traffic.all_sent_bytes),
       fmt::format("{} by all {} silos", size(traffic.all_sent_bytes * silos), silos)}};
  return "\ntraffic of a silo\n" + text_table(rows, {false, true, false});
}

std::string memory_text(const PlannedMemory& memory) {
  const auto part = [](std::uint64_t bytes) { return readable_bytes(static_cast<double>(bytes)); };
  return fmt::format(
      "\nmemory of a rank with one silo: about {}\n  program {}, rows {}, model and optimizers {}, sum {}; and what "
      "one "
      "batch needs in the model\n",
      part(memory.all_bytes()), part(memory.program_bytes), part(memory.rows_bytes), part(memory.model_bytes),
      part(memory.sum_bytes));
}

std::string leaving_text(const std::vector<Leaving>& leaving) {
  std::vector<Row> rows{{"what", "when", "size", "others can read it"}};
  for (const Leaving& one : leaving)
    rows.push_back(
        {one.what, one.when, one.bytes == 0 ? "–" : readable_bytes(static_cast<double>(one.bytes)), one.readable_by});
  return "\nwhat leaves a silo: no rows, no gradients\n" + text_table(rows, {false, false, true, false});
}

nlohmann::ordered_json settings_json(const LoadedConfig& loaded) {
  nlohmann::ordered_json settings;
  for (const auto& [name, value] : all_settings(loaded.config))
    settings[name] = {{"value", value}, {"origin", loaded.origins.at(name)}};
  return settings;
}

nlohmann::ordered_json silos_json(const std::vector<PlannedSilo>& silos) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const PlannedSilo& silo : silos) {
    json.push_back({{"name", silo.name}, {"path", silo.path}});
    if (silo.fault.empty()) {
      json.back()["train_rows"] = silo.train_rows;
      json.back()["test_rows"] = silo.test_rows;
    } else {
      json.back()["fault"] = silo.fault;
    }
  }
  return json;
}

nlohmann::ordered_json model_json(const PlannedModel& model) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const TensorSpec& tensor : model.tensors)
    tensors.push_back({{"name", tensor.name},
                       {"shape", tensor.shape},
                       {"kind", tensor.kind == TensorKind::buffer ? "buffer" : "weight"}});
  return {{"name", model.name}, {"parameters", model.weights}, {"buffer_values", model.buffers}, {"tensors", tensors}};
}

nlohmann::ordered_json leaving_json(const std::vector<Leaving>& leaving) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Leaving& one : leaving) {
    json.push_back({{"what", one.what}, {"when", one.when}, {"readable_by", one.readable_by}});
    if (one.bytes > 0) json.back()["bytes"] = one.bytes;
  }
  return json;
}

}  // namespace

std::string plan_text(const LoadedConfig& loaded, const PlanFacts& plan, const std::optional<PlannedCost>& cost) {
  std::string text = settings_text(loaded) + data_text(loaded.config, plan);
  if (plan.model)
    text += model_text(*plan.model) + traffic_text(loaded.config, plan.traffic) + memory_text(plan.memory) +
            leaving_text(plan.leaving);
  return cost ? text + "\n" + cost_text(*cost) : text;
}

std::string plan_json(const LoadedConfig& loaded, const PlanFacts& plan, const std::optional<PlannedCost>& cost) {
  nlohmann::ordered_json json{{"settings", settings_json(loaded)}, {"silos", silos_json(plan.silos)}};
  if (plan.schema)
    json["data"] = {{"task", to_string(plan.schema->task)},
                    {"sample_shape", plan.schema->sample_shape},
                    {"classes", plan.schema->class_names}};
  if (plan.model) {
    json["model"] = model_json(*plan.model);
    json["bytes_of_a_silo"] = {{"first_payload", plan.traffic.first_payload_bytes},
                               {"payload", plan.traffic.payload_bytes},
                               {"sent_in_a_round", plan.traffic.sent_bytes},
                               {"sent_in_all_rounds", plan.traffic.all_sent_bytes}};
    json["estimated_memory_bytes"] = {{"program", plan.memory.program_bytes},
                                      {"rows", plan.memory.rows_bytes},
                                      {"model", plan.memory.model_bytes},
                                      {"sum", plan.memory.sum_bytes},
                                      {"all", plan.memory.all_bytes()}};
    json["leaves_a_silo"] = leaving_json(plan.leaving);
  }
  if (cost) json["round_cost"] = cost_json(*cost);
  return json_text(json);
}

}  // namespace crossilo
