#include "crossilo/data/split.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

struct Group {
  std::map<std::size_t, std::size_t> rows_by_stratum;
  std::size_t rows = 0;
};

std::size_t stratum_of(const Group& group) {
  const auto most = std::max_element(group.rows_by_stratum.begin(), group.rows_by_stratum.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->first;
}

struct Candidate {
  std::uint64_t order;
  std::uint64_t group;
  std::size_t rows;
  auto operator<=>(const Candidate&) const = default;
};

/// Takes groups in order while each brings the number of rows nearer to the wanted one.
void take_for_test(const std::vector<Candidate>& candidates, double test_fraction, std::set<std::uint64_t>& taken) {
  std::size_t rows = 0;
  for (const Candidate& candidate : candidates) rows += candidate.rows;
  const double wanted = test_fraction * static_cast<double>(rows);
  double rows_taken = 0.0;
  std::size_t left = candidates.size();
  for (const Candidate& candidate : candidates) {
    const double with_it = rows_taken + static_cast<double>(candidate.rows);
    if (left == 1 || std::abs(with_it - wanted) > std::abs(rows_taken - wanted)) continue;
    taken.insert(candidate.group);
    rows_taken = with_it;
    --left;
  }
}

}  // namespace

std::uint64_t mix64(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

std::uint64_t hash64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::vector<bool> split_rows(std::span<const std::size_t> strata, std::span<const std::uint64_t> groups,
                             const SplitOptions& options) {
  CROSSILO_ASSERT(strata.size() == groups.size());
  CROSSILO_ASSERT(options.test_fraction >= 0.0 && options.test_fraction < 1.0);
  std::map<std::uint64_t, Group> rows_of;
  for (std::size_t row = 0; row < groups.size(); ++row) {
    Group& group = rows_of[groups[row]];
    ++group.rows;
    ++group.rows_by_stratum[strata[row]];
  }
  std::map<std::size_t, std::vector<Candidate>> candidates;
  for (const auto& [id, group] : rows_of)
    candidates[stratum_of(group)].push_back({mix64(mix64(options.seed) ^ id), id, group.rows});

  std::set<std::uint64_t> taken;
  for (auto& [stratum, in_order] : candidates) {
    std::sort(in_order.begin(), in_order.end());
    take_for_test(in_order, options.test_fraction, taken);
  }
  std::vector<bool> is_test(groups.size());
  for (std::size_t row = 0; row < groups.size(); ++row) is_test[row] = taken.contains(groups[row]);
  return is_test;
}

}  // namespace crossilo
