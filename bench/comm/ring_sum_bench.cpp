// Aim: how fast RingSum is beside Open MPI's own MPI_Allreduce, in the same run, with every value checked.
// Method: both sum differing random words in turn; seconds are the slowest rank's. One JSON line per case.
#include <mpi.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/launch/mpi_tuning.hpp"

namespace {

using crossilo::check_mpi;

struct Settings {
  std::vector<std::uint64_t> words;
  int repeats = 0;
  crossilo::RingSum::Options ring;
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

/// Word i of a rank: any number that differs between ranks and places, made again cheaply by the check.
std::uint32_t word_of(int rank, std::uint64_t i) {
  std::uint64_t x = i * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(rank + 1) * 0xd1b54a32d192ed03u;
  x ^= x >> 29;
  return static_cast<std::uint32_t>(x * 0xbf58476d1ce4e5b9u >> 24);
}

void fill(std::vector<std::uint32_t>& words, int rank) {
  for (std::uint64_t i = 0; i < words.size(); ++i) words[i] = word_of(rank, i);
}

std::uint64_t wrong_values(const std::vector<std::uint32_t>& words, int size) {
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < words.size(); ++i) {
    std::uint32_t expected = 0;
    for (int rank = 0; rank < size; ++rank) expected += word_of(rank, i);
    wrong += words[i] != expected;
  }
  return wrong;
}

/// What one case measured.
struct Case {
  const char* name;
  std::vector<double> seconds;
  std::uint64_t wrong = 0;
  double bytes_over_minimum = 0.0;  // 0: not known
};

void print(const World& world, const Settings& settings, std::uint64_t words, Case& result) {
  if (world.rank != 0) return;
  std::sort(result.seconds.begin(), result.seconds.end());
  const double median = result.seconds[result.seconds.size() / 2];
  nlohmann::ordered_json line;
  line["bench"] = "ring_sum";
  line["case"] = result.name;
  line["ranks"] = world.size;
  line["words"] = words;
  line["message_words"] = settings.ring.message_words;
  line["window_words"] = settings.ring.window_words;
  line["sites"] = settings.ring.site_of_rank;
  line["repeats"] = result.seconds.size();
  line["seconds_min"] = result.seconds.front();
  line["seconds_median"] = median;
  line["seconds_p90"] = result.seconds[result.seconds.size() * 9 / 10];
  if (result.bytes_over_minimum > 0.0) line["bytes_on_wire_over_minimum"] = result.bytes_over_minimum;
  line["gb_per_s"] = static_cast<double>(words) * sizeof(std::uint32_t) / median / 1e9;
  line["wrong_values"] = result.wrong;
  std::cout << line.dump() << std::endl;
}

void run_size(const World& world, const Settings& settings, crossilo::RingSum& ring_sum, std::uint64_t count) {
  const crossilo::Deadline deadline{.seconds = 120.0, .step = "bench"};
  std::vector<std::uint32_t> words(count);
  std::vector<std::uint32_t> copy(count);
  Case ring{.name = "ring_sum", .seconds = {}};
  Case allreduce{.name = "MPI_Allreduce", .seconds = {}};
  Case null_sum{.name = "null", .seconds = {}};
  Case memory{.name = "memcpy", .seconds = {}};
  const std::uint64_t bytes_before = ring_sum.bytes_sent();
  // The first turn warms up: buffers get their pages, the transport its connections.
  for (int repeat = -1; repeat < settings.repeats; ++repeat) {
    const auto measure = [&](Case& result, const std::function<void()>& work) {
      const double seconds = world.slowest_seconds(work);
      if (repeat >= 0) result.seconds.push_back(seconds);
    };
    fill(words, world.rank);
    measure(ring, [&] { ring_sum.sum(std::span(words), deadline); });
    ring.wrong += wrong_values(words, world.size);
    fill(words, world.rank);
    measure(allreduce, [&] {
      check_mpi(
          MPI_Allreduce(MPI_IN_PLACE, words.data(), static_cast<int>(count), MPI_UINT32_T, MPI_SUM, MPI_COMM_WORLD),
          "MPI_Allreduce");
    });
    allreduce.wrong += wrong_values(words, world.size);
    measure(null_sum, [&] { ring_sum.sum(std::span<std::uint32_t>(), deadline); });
    measure(memory, [&] { std::memcpy(copy.data(), words.data(), count * sizeof(std::uint32_t)); });
  }
  const auto turns = static_cast<std::uint64_t>(settings.repeats + 1);
  const std::uint64_t sent = world.total(ring_sum.bytes_sent() - bytes_before);
  const std::uint64_t minimum = turns * 2 * static_cast<std::uint64_t>(world.size - 1) * count * sizeof(std::uint32_t);
  if (minimum > 0) ring.bytes_over_minimum = static_cast<double>(sent) / static_cast<double>(minimum);
  for (Case* result : {&ring, &allreduce, &null_sum, &memory}) {
    result->wrong = world.total(result->wrong);
    print(world, settings, count, *result);
  }
}

int run(int argc, char** argv) {
  namespace po = boost::program_options;
  Settings settings;
  const crossilo::RingSum::Options standard;
  po::options_description options("ring_sum_bench");
  options.add_options()("help", "this text")(
      "words", po::value(&settings.words)->multitoken()->default_value({1'000'000, 25'000'000}, "1000000 25000000"),
      "sizes of the vectors")("repeats", po::value(&settings.repeats)->default_value(7), "measured turns per size")(
      "message-words", po::value(&settings.ring.message_words)->default_value(standard.message_words),
      "words per message")("window-words", po::value(&settings.ring.window_words)->default_value(standard.window_words),
                           "words of a rank's region of the window")(
      "shares-memory", po::value(&settings.ring.shares_memory)->default_value(true), "through a window")(
      "sites", po::value(&settings.ring.site_of_rank)->multitoken(), "the site of each rank: 0 0 1 1; none: one site");
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
  (void)crossilo::tune_mpi();  // for both alike
  crossilo::MpiSession session;
  const World world;
  crossilo::MpiCommunicator communicator(session.duplicate_world());
  crossilo::RingSum ring_sum(communicator, settings.ring);
  for (const std::uint64_t count : settings.words) run_size(world, settings, ring_sum, count);
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
