#include "crossilo/io/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "crossilo/io/text.hpp"
#include "report_page.hpp"
#include "report_sections.hpp"

namespace crossilo {
namespace {

/// Status, rounds, silos, model, start, duration.
std::string facts_text(const RunSummary& run) {
  std::string text = run.status;
  if (!run.rounds.empty()) text += fmt::format(" · {} rounds", run.rounds.back().round);
  if (run.rounds_wanted() > 0) text += fmt::format(" of {}", run.rounds_wanted());
  if (run.manifest) text += fmt::format(" · {} silos", run.manifest->silos.size());
  if (const std::string model = run.setting("model.name"); !model.empty()) text += " · " + model;
  if (const std::string algorithm = run.setting("algorithm.name"); !algorithm.empty()) text += " · " + algorithm;
  text += " · started " + utc_text(run.started_unix_seconds());
  return text + " · " + readable_seconds(run.seconds());
}

std::string section_unless_empty(const char* title, const std::string& body) {
  return body.empty() ? "" : section_html(title, body);
}

nlohmann::ordered_json number_json(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

}  // namespace

std::string report_html(const RunSummary& run) {
  std::string body = fmt::format("<header>\n<h1>{}</h1>\n<p class=\"soft\">{}</p>\n</header>\n", html_escaped(run.name),
                                 html_escaped(facts_text(run)));
  body += verdict_html(run) + final_table_html(run);
  body += section_html("How it learned", quality_html(run));
  body += section_unless_empty("What each silo gained", gains_html(run));
  body += section_unless_empty("What left each silo", leaving_html(run));
  body += section_unless_empty("Where the time went", time_html(run));
  body += section_html("Warnings", warnings_html(run));
  body += section_unless_empty("How to repeat it", origin_html(run));
  return page_html(run.name + " · crossilo", body);
}

nlohmann::ordered_json run_json(const RunSummary& run) {
  return {{"name", run.name},
          {"folder", run.folder},
          {"status", run.status},
          {"exit_code", run.outcome ? nlohmann::ordered_json(static_cast<int>(run.outcome->exit_code)) : nullptr},
          {"rounds_done", run.rounds.empty() ? 0 : run.rounds.back().round},
          {"rounds", run.rounds_wanted()},
          {"metric", run.metric},
          {"test_metric", number_json(run.final_metric())},
          {"best_round", run.best ? nlohmann::ordered_json(run.best->round) : nullptr},
          {"round_metric", run.round_metric},
          {"best_held_back_metric", number_json(run.best ? run.best->held_back.metric : kUnknown)},
          {"best_held_back_loss", number_json(run.best ? run.best->held_back.loss : kUnknown)},
          {"started_unix_seconds", number_json(run.started_unix_seconds())},
          {"seconds", number_json(run.seconds())},
          {"starts", run.manifest ? run.manifest->starts.size() : 0},
          {"warnings", run.warnings.size()},
          {"notes", run.notes}};
}

}  // namespace crossilo
