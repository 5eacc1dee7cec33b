#include "crossilo/launch/relaunches.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "crossilo/base/text.hpp"

namespace crossilo {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::count(names, name) > 0;
}

std::vector<std::string> named_in(const Outcome& outcome) {
  std::vector<std::string> names;
  for (const std::string& part : parts_of(outcome.silo, ','))
    if (const std::string_view name = trimmed(part); !name.empty()) names.emplace_back(name);
  return names;
}

/// What happened, without the advice behind it.
std::string cause_of(const Outcome& outcome) { return outcome.text.substr(0, outcome.text.find("; ")); }

std::vector<std::string> without(std::vector<std::string> names, const std::vector<std::string>& others) {
  std::erase_if(names, [&](const std::string& name) { return contains(others, name); });
  return names;
}

}  // namespace

/// False where too few silos would be left: those are wanted.
bool Relaunches::leave_out(const std::vector<std::string>& silos) {
  const bool may_go = rules_.silos >= rules_.silos_min + missing_.size() + silos.size();
  if (may_go)
    missing_.insert(missing_.end(), silos.begin(), silos.end());
  else
    wanted_ = silos;
  return may_go;
}

std::optional<Relaunch> Relaunches::after(const StartEnd& end) {
  constexpr double kPauseSecondsMax = 60.0;
  const std::vector<std::string> named = named_in(end.outcome);
  if (is_further(end)) {
    furthest_ = end.finished;
    in_a_row_ = 0;
    suspects_ = std::exchange(missing_, {});
    wanted_.clear();
  }
  std::vector<std::string> again;
  std::ranges::copy_if(named, std::back_inserter(again), [&](auto& silo) { return contains(suspects_, silo); });
  // A silo whose file is gone is lost, too; so is one that takes the launcher along before it can write down anything.
  const bool does_not_begin =
      in_a_row_ > 0 && (!again.empty() || (!end.is_of_a_rank && end.outcome.exit_code == ExitCode::environment));
  const bool is_loss = end.outcome.exit_code == ExitCode::peer_lost || does_not_begin;
  if (!is_loss || end.was_stopped || rules_.in_a_row_max == 0) return std::nullopt;
  for (const std::string& silo : named)
    if (!contains(suspects_, silo)) suspects_.push_back(silo);
  has_no_place_ = !leave_out(without(end.displaced, missing_));
  if (has_no_place_) return std::nullopt;
  (void)leave_out(without(again, missing_));
  if (in_a_row_ >= rules_.in_a_row_max) {
    is_exhausted_ = true;
    return std::nullopt;
  }
  const double pause = std::min(kPauseSecondsMax, std::exp2(in_a_row_));
  return Relaunch{.in_a_row = ++in_a_row_, .pause_seconds = pause, .missing = missing_, .why = cause_of(end.outcome)};
}

std::vector<std::string> Relaunches::still_missing(const StartEnd& end) const {
  return is_further(end) ? std::vector<std::string>() : missing_;
}

Outcome Relaunches::closing(Outcome last) const {
  if (has_no_place_) {
    last.text += fmt::format(
        "; silo {} has no place any more: a host does not answer, and the others of its group and site have no room. "
        "run.min_silos says whether the others may go on without it",
        fmt::join(wanted_, ", "));
    return last;
  }
  if (!is_exhausted_) return last;
  last.exit_code = ExitCode::peer_lost;
  last.text += fmt::format(
      "; the run was started again {} time{} without a new finished round, and no more "
      "(run.relaunches_max)",
      in_a_row_, in_a_row_ == 1 ? "" : "s");
  if (!wanted_.empty())
    last.text += fmt::format(". Silo {} does not come back; run.min_silos says whether the others may go on without it",
                             fmt::join(wanted_, ", "));
  return last;
}

}  // namespace crossilo
