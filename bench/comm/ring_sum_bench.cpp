// Aim: how fast RingSum is beside Open MPI's own MPI_Allreduce and beside the bound, in the same run, every value
// checked. Method: all sum differing random words in turn; seconds are the slowest rank's. One JSON line per case.
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "allreduce_variants.hpp"
#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/launch/mpi_tuning.hpp"

namespace {

using crossilo::check_mpi;

constexpr std::uint64_t kCopyWordsMax = std::uint64_t{16} << 20;  // far beyond the caches

struct Settings {
  std::vector<std::uint64_t> words;
  std::vector<std::string> cases;
  int repeats = 0;
  bool is_cold = false;  // the first sum counts
  bool pins = false;
  double silence_seconds = 0.0;  // before each sum
  double bound_seconds = 0.0;    // 0: that of memory
  std::string bench, x, group, label;
  std::vector<std::string> notes;  // key=number
  crossilo::RingSum::Options ring;

  /// Less of what takes long.
  [[nodiscard]] int repeats_of(std::uint64_t count) const {
    return std::clamp(static_cast<int>((std::uint64_t{128} << 20) / std::max<std::uint64_t>(count, 1)),
                      std::min(repeats, 3), repeats);
  }
};

/// The world, as plain MPI sees it; what is measured beside us needs it.
struct World {
  int rank = 0;
  int size = 1;

  World() {
    check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size), "MPI_Comm_size");
  }

  /// Seconds of `work`, from a common start, on the slowest rank.
  double slowest_seconds(const std::function<void()>& work) const {
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
    const double start_seconds = crossilo::steady_clock().now_seconds();
    work();
    double seconds = crossilo::steady_clock().now_seconds() - start_seconds;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD), "MPI_Allreduce");
    return seconds;
  }

  std::uint64_t total(std::uint64_t value) const {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD), "MPI_Allreduce");
    return value;
  }
};

/// Rank r of n to the (r mod k)th of the k processors it may use. Returns k.
int pin(int rank) {
  cpu_set_t allowed, own;
  CPU_ZERO(&own);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  int left = rank % CPU_COUNT(&allowed);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed) && left-- == 0) CPU_SET(cpu, &own);
  return sched_setaffinity(0, sizeof(own), &own) == 0 ? CPU_COUNT(&allowed) : 0;
}

/// Word i of a rank is its factor times this: differs between ranks and places, and the total is known without adding.
std::uint32_t word_at(std::uint64_t i) {
  std::uint64_t x = i * 0x9e3779b97f4a7c15u;
  x ^= x >> 29;
  return static_cast<std::uint32_t>(x * 0xbf58476d1ce4e5b9u >> 24);
}
std::uint32_t factor_of(int rank) { return word_at(static_cast<std::uint64_t>(rank) + 77) | 1u; }

void fill(std::vector<std::uint32_t>& words, int rank) {
  const std::uint32_t factor = factor_of(rank);
  for (std::uint64_t i = 0; i < words.size(); ++i) words[i] = factor * word_at(i);
}

std::uint64_t wrong_values(const std::vector<std::uint32_t>& words, int size) {
  std::uint32_t factor = 0;
  for (int rank = 0; rank < size; ++rank) factor += factor_of(rank);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < words.size(); ++i) wrong += words[i] != factor * word_at(i);
  return wrong;
}

/// One way to sum, and what was measured of it.
struct Contender {
  std::string name;
  std::function<void(std::vector<std::uint32_t>&)> sum;
  std::vector<double> seconds{};
  std::uint64_t wrong = 0;
  bool is_far_behind = false;
};

void sort(std::vector<double>& seconds) { std::sort(seconds.begin(), seconds.end()); }

void print(const World& world, const Settings& settings, std::uint64_t words, const Contender& result, double bound,
           double bytes_over_minimum) {
  if (world.rank != 0 || result.seconds.empty()) return;
  std::vector<double> sorted = result.seconds;
  sort(sorted);
  const double median = sorted[sorted.size() / 2];
  const auto& sites = settings.ring.site_of_rank;
  std::string layout;
  for (const int site : sites) layout += (layout.empty() ? "" : " ") + std::to_string(site);
  nlohmann::ordered_json line;
  line["bench"] = settings.bench;
  line["x"] = settings.x;
  line["case"] = result.name;
  if (!settings.group.empty()) line["group"] = settings.group;
  line["ranks"] = world.size;
  line["bytes"] = words * sizeof(std::uint32_t);
  line["sites"] = sites.empty() ? 1 : std::set<int>(sites.begin(), sites.end()).size();
  if (!sites.empty()) line["site_of_rank"] = layout;
  for (const std::string& note : settings.notes)
    line[note.substr(0, note.find('='))] = nlohmann::json::parse(note.substr(note.find('=') + 1));
  line["repeats"] = sorted.size();
  line["seconds_min"] = sorted.front();
  line["seconds_median"] = median;
  line["seconds_p90"] = sorted[sorted.size() * 9 / 10];
  line["gb_per_s"] = static_cast<double>(words) * sizeof(std::uint32_t) / median / 1e9;
  line["bound"] = settings.bound_seconds > 0.0 ? "wire" : "memory traffic";
  line["bound_seconds"] = bound;
  line["fraction_of_bound"] = bound / median;
  if (bytes_over_minimum > 0.0) line["bytes_over_minimum"] = bytes_over_minimum;
  line["wrong_values"] = result.wrong;
  std::cout << line.dump() << std::endl;
}

/// Seconds to copy all words, on all ranks at once: until the last is done, since ranks that share a core start late.
double seconds_of_copy(const World& world, const std::vector<std::uint32_t>& from, std::vector<std::uint32_t>& to) {
  if (to.empty()) return 0.0;
  const std::uint64_t times = std::clamp(kCopyWordsMax / to.size(), std::uint64_t{1}, std::uint64_t{10'000});
  const double seconds = world.slowest_seconds([&] {
    for (std::uint64_t i = 0; i < times; ++i) {
      std::memcpy(to.data(), from.data(), to.size() * sizeof(std::uint32_t));
      asm volatile("" : : "g"(to.data()) : "memory");
    }
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  });
  return seconds / static_cast<double>(times) * static_cast<double>(from.size()) / static_cast<double>(to.size());
}

/// Sums in turn, so that what disturbs the machine meets all alike. The first turn warms up: buffers get their pages,
/// the transport its connections; of MPI's ways those far behind the best before them there are left out.
void take_turns(const World& world, const Settings& settings, std::vector<Contender>& contenders, std::uint64_t count,
                std::vector<double>& copy_seconds) {
  std::vector<std::uint32_t> words(count);
  std::vector<std::uint32_t> copy(std::min(count, kCopyWordsMax));
  for (int turn = settings.is_cold ? 0 : -1; turn < settings.repeats_of(count); ++turn) {
    double best_seconds = 1e9;
    for (std::size_t k = 0; k < contenders.size(); ++k) {
      // Each is the first in some turn: that one meets caches which the copy has filled.
      Contender& contender = contenders[(k + static_cast<std::size_t>(std::max(turn, 0))) % contenders.size()];
      if (contender.is_far_behind) continue;
      fill(words, world.rank);
      if (turn >= 0) std::this_thread::sleep_for(std::chrono::duration<double>(settings.silence_seconds));
      const double seconds = world.slowest_seconds([&] { contender.sum(words); });
      if (contender.name != "null") contender.wrong += wrong_values(words, world.size);
      if (turn >= 0) {
        contender.seconds.push_back(seconds);
      } else if (contender.name.starts_with("MPI_Allreduce ")) {
        contender.is_far_behind = seconds > 0.05 && seconds > 4.0 * best_seconds;  // not the first: the default
        best_seconds = std::min(best_seconds, seconds);
      }
    }
    if (turn >= 0) copy_seconds.push_back(seconds_of_copy(world, words, copy));
  }
}

/// The bound of memory: every rank's vector must be read once and its total written once, which is 2 M bytes a rank and
/// what a copy of M bytes moves; all ranks copy at once. (The sum itself moves (5 + 1/n) M a rank on a node of n: into
/// the window, the slices out of it, their totals back, and out again; all but 2 M of it in chunks that fit the cache.)
double memory_seconds(std::vector<double> copy_seconds) {
  sort(copy_seconds);
  return copy_seconds.empty() ? 0.0 : copy_seconds[copy_seconds.size() / 2];
}

void run_size(const World& world, const Settings& settings, crossilo::RingSum& ring_sum,
              std::vector<Contender> contenders, std::uint64_t count) {
  const std::uint64_t bytes_before = ring_sum.bytes_sent();
  std::vector<double> copy_seconds;
  take_turns(world, settings, contenders, count, copy_seconds);
  const auto turns = static_cast<std::uint64_t>(settings.repeats_of(count) + (settings.is_cold ? 0 : 1));
  const std::uint64_t sent = world.total(ring_sum.bytes_sent() - bytes_before);
  const std::uint64_t minimum = turns * 2 * static_cast<std::uint64_t>(world.size - 1) * count * sizeof(std::uint32_t);
  const double bound = settings.bound_seconds > 0.0 ? settings.bound_seconds : memory_seconds(copy_seconds);
  for (Contender& contender : contenders) {
    contender.wrong = world.total(contender.wrong);
    const bool is_ours = contender.name == "ring_sum" && minimum > 0;
    print(world, settings, count, contender, bound,
          is_ours ? static_cast<double>(sent) / static_cast<double>(minimum) : 0.0);
  }
}

std::vector<Contender> contenders_of(const Settings& settings, crossilo::RingSum& ring_sum) {
  const crossilo::Deadline deadline{.seconds = 300.0, .step = "bench"};
  const crossilo::bench::MpiVariables variables;
  std::vector<Contender> contenders;
  for (const std::string& name : settings.cases) {
    if (name == "null") {
      contenders.push_back({.name = name, .sum = [&ring_sum, deadline](std::vector<std::uint32_t>&) {
                              ring_sum.sum(std::span<std::uint32_t>(), deadline);
                            }});
      continue;
    }
    if (name == "ring_sum") {
      contenders.push_back({.name = name, .sum = [&ring_sum, deadline](std::vector<std::uint32_t>& words) {
                              ring_sum.sum(std::span(words), deadline);
                            }});
      continue;
    }
    const MPI_Comm world = crossilo::bench::world_with(variables, name == "han" ? "default" : name);
    contenders.push_back({.name = name == "han" ? name : "MPI_Allreduce " + name + settings.label,
                          .sum = [world](std::vector<std::uint32_t>& words) {
                            check_mpi(MPI_Allreduce(MPI_IN_PLACE, words.data(), static_cast<int>(words.size()),
                                                    MPI_UINT32_T, MPI_SUM, world),
                                      "MPI_Allreduce");
                          }});
  }
  return contenders;
}

namespace po = boost::program_options;

po::options_description options_for(Settings& settings) {
  const crossilo::RingSum::Options standard;
  po::options_description options("ring_sum_bench");
  options.add_options()("help", "this text")(
      "words", po::value(&settings.words)->multitoken()->default_value({1'000'000, 25'000'000}, "1000000 25000000"),
      "sizes of the vectors")("repeats", po::value(&settings.repeats)->default_value(7), "measured turns per size")(
      "cases", po::value(&settings.cases)->multitoken()->default_value({"ring_sum", "default"}, "ring_sum default"),
      "ring_sum, null, han, default, or an algorithm: basic_linear nonoverlapping recursive_doubling ring "
      "segmented_ring/BYTES "
      "rabenseifner")("cold", po::bool_switch(&settings.is_cold), "no turn to warm up")(
      "silence", po::value(&settings.silence_seconds)->default_value(0.0), "seconds before each sum")(
      "pin", po::bool_switch(&settings.pins), "rank r to processor r mod their number")(
      "bench", po::value(&settings.bench)->default_value("ring_sum"), "name in the lines")(
      "x", po::value(&settings.x)->default_value("bytes"), "key of the axis")("group", po::value(&settings.group),
                                                                              "chart of its own")(
      "label", po::value(&settings.label), "behind the names of MPI_Allreduce: how this start was set up")(
      "set", po::value(&settings.notes)->multitoken(), "KEY=NUMBER (any JSON value) to note in the lines")(
      "bound", po::value(&settings.bound_seconds)->default_value(0.0), "seconds of the wire; none: that of memory")(
      "message-words", po::value(&settings.ring.message_words)->default_value(standard.message_words),
      "words per message")("window-words", po::value(&settings.ring.window_words)->default_value(standard.window_words),
                           "words of a rank's region of the window")(
      "shares-memory", po::value(&settings.ring.shares_memory)->default_value(true), "through a window")(
      "sites", po::value(&settings.ring.site_of_rank)->multitoken(), "the site of each rank: 0 0 1 1; none: one site");
  return options;
}

int run(int argc, char** argv) {
  Settings settings;
  const po::options_description options = options_for(settings);
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, options), values);
  po::notify(values);
  if (values.count("help") != 0) {
    std::cout << options << "\n";
    return 0;
  }
  if (!settings.ring.site_of_rank.empty())
    settings.ring =
        crossilo::RingSum::Options::for_payload(std::ranges::max(settings.words), settings.ring.site_of_rank);
  (void)crossilo::tune_mpi();  // for all alike
  crossilo::bench::allow_algorithms();
  if (std::ranges::count(settings.cases, "han") > 0) crossilo::bench::prefer_han();
  crossilo::MpiSession session;
  const World world;
  if (settings.pins) settings.notes.push_back("pinned_to_cores=" + std::to_string(pin(world.rank)));
  crossilo::MpiCommunicator communicator(session.duplicate_world());
  crossilo::RingSum ring_sum(communicator, settings.ring);
  const std::vector<Contender> contenders = contenders_of(settings, ring_sum);
  for (const std::uint64_t count : settings.words) run_size(world, settings, ring_sum, contenders, count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ring_sum_bench: %s\n", error.what());
    crossilo::MpiSession::abort(crossilo::ExitCode::internal);
  }
}
