#include "cost_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kSilosMax = 1000;

struct CostOption {
  const char* name;
  const char* meaning;
};

constexpr CostOption kOptions[] = {
    {"silos", "predict a round: so many silos, each a rank; or those of each site, such as 1,3"},
    {"sites", "sites that they are divided among (1)"},
    {"parameters", "of the model; needed without CONFIG.ini"},
    {"lane_bits", "32, 16 or 8 (32)"},
    {"mask", "on or off (on)"},
    {"nodes_per_site", "(1)"},
    {"cores", "of a node (one for each of its silos)"},
    {"uplink", "of a site, each way, such as 100Mbit (1Gbit)"},
    {"latency", "between sites, there and back as ping shows it, such as 25ms (20ms)"},
    {"lan", "of a node, to others of its site (10Gbit)"},
    {"socket_buffer", "bytes that a connection may ask for: net.core.rmem_max and wmem_max (4194304)"},
    {"train_seconds", "of the slowest silo (left out)"},
    {"encode_gb_s", "of a core, GB of parameters a second (as measured, docs/scaling.md)"},
    {"mask_gb_s", "of a core, GB of masks a second"},
    {"decode_gb_s", "of a core, GB of parameters a second"},
    {"copy_gb_s", "of a core, GB of the model a second, for the server's step"},
    {"window_gb_s", "of a core, GB of words a second into or out of the memory that a node shares"}};

struct Unit {
  const char* name;
  double factor;
};
using Units = std::vector<Unit>;

const Units kRates{{"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9}};
const Units kTimes{{"us", 1e-6}, {"ms", 1e-3}, {"s", 1.0}};
const Units kPlain{{"", 1.0}};

[[noreturn]] void refuse(const std::string& name, const std::string& text, const std::string& wanted) {
  throw ConfigError(fmt::format("--{} = \"{}\": {} is wanted; see crossilo plan --help", name, text, wanted));
}

/// The options of the command line, each with its default.
class CostAnswers {
 public:
  explicit CostAnswers(const po::variables_map& values) : values_(values) {}

  [[nodiscard]] bool has(const char* name) const { return values_.count(name) > 0; }
  [[nodiscard]] std::string text(const char* name) const { return values_[name].as<std::string>(); }

  [[nodiscard]] double number(const char* name, const Units& units, const char* wanted, double otherwise,
                              bool may_be_zero = false) const {
    if (!has(name)) return otherwise;
    const std::string given = text(name);
    double value = 0.0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    const std::string unit(end, given.data() + given.size());
    const auto found = std::ranges::find_if(units, [&](const Unit& one) { return unit == one.name; });
    const bool is_good = std::isfinite(value) && (may_be_zero ? value >= 0.0 : value > 0.0);
    if (error != std::errc{} || found == units.end() || !is_good) refuse(name, given, wanted);
    return value * found->factor;
  }

  [[nodiscard]] std::uint64_t count(const char* name, std::uint64_t otherwise, std::uint64_t max) const {
    if (!has(name)) return otherwise;
    const std::string given = text(name);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error != std::errc{} || end != given.data() + given.size() || value == 0 || value > max)
      refuse(name, given, fmt::format("a number from 1 to {}", max));
    return value;
  }

 private:
  const po::variables_map& values_;
};

/// N silos over K sites, as evenly as can be; or the list as it is.
std::vector<std::size_t> silos_of_site(const CostAnswers& answers, const CostDefaults& defaults) {
  std::vector<std::size_t> sites{defaults.silos};
  if (answers.has("silos")) sites = parse_shape("--silos", answers.text("silos"));
  const bool is_one_too_large = std::ranges::any_of(sites, [](std::size_t site) { return site > kSilosMax; });
  // Numbers that large might add up to a small one.
  const std::size_t silos =
      is_one_too_large ? kSilosMax + 1 : std::accumulate(sites.begin(), sites.end(), std::size_t{0});
  if (silos == 0) throw ConfigError("plan: no --silos is given, nor a configuration; see crossilo plan --help");
  if (silos > kSilosMax || sites.size() > kSilosMax)
    refuse("silos", answers.has("silos") ? answers.text("silos") : fmt::format("{}", silos),
           fmt::format("at most {} in all", kSilosMax));
  if (!answers.has("sites")) return sites;
  const std::uint64_t count = answers.count("sites", 1, kSilosMax);
  if (sites.size() > 1 && count != sites.size())
    refuse("sites", answers.text("sites"), fmt::format("{}, as many as --silos lists,", sites.size()));
  if (count > silos) refuse("sites", answers.text("sites"), fmt::format("no more than there are silos ({})", silos));
  if (sites.size() > 1) return sites;
  std::vector<std::size_t> divided(count, silos / count);
  for (std::size_t site = 0; site < silos % count; ++site) ++divided[site];
  return divided;
}

bool is_masked(const CostAnswers& answers, bool otherwise) {
  if (!answers.has("mask")) return otherwise;
  const std::string text = answers.text("mask");
  if (text != "on" && text != "off") refuse("mask", text, "on or off");
  return text == "on";
}

MachineRates rates_of(const CostAnswers& answers, unsigned lane_bits) {
  MachineRates rates = measured_rates(lane_bits);
  const std::pair<const char*, double*> given[] = {{"encode_gb_s", &rates.encode},
                                                   {"mask_gb_s", &rates.mask},
                                                   {"decode_gb_s", &rates.decode},
                                                   {"copy_gb_s", &rates.copy},
                                                   {"window_gb_s", &rates.window}};
  for (const auto& [name, rate] : given) *rate = 1e9 * answers.number(name, kPlain, "GB a second", *rate / 1e9);
  return rates;
}

}  // namespace

void add_cost_options(po::options_description& options) {
  for (const CostOption& option : kOptions)
    options.add_options()(option.name, po::value<std::string>(), option.meaning);
}

bool asks_for_cost(const po::variables_map& values) {
  if (values.count("silos") + values.count("sites") > 0) return true;
  for (const CostOption& option : kOptions)
    if (values.count(option.name) > 0)
      throw ConfigError(
          fmt::format("plan: --{} belongs to the prediction of a round: give --silos or --sites, too", option.name));
  return false;
}

PlannedCost planned_cost(const po::variables_map& values, const CostDefaults& defaults) {
  const CostAnswers answers(values);
  RoundCase planned{.silos_of_site = silos_of_site(answers, defaults)};
  planned.parameters = answers.count("parameters", defaults.parameters, 1'000'000'000'000);
  if (planned.parameters == defaults.parameters) planned.buffers = defaults.buffers;
  if (planned.parameters == 0) throw ConfigError("plan: the size of the model is not known: give --parameters NUMBER");
  planned.lane_bits = static_cast<unsigned>(answers.count("lane_bits", defaults.lane_bits, 32));
  if (planned.lane_bits != 32 && planned.lane_bits != 16 && planned.lane_bits != 8)
    refuse("lane_bits", answers.text("lane_bits"), "32, 16 or 8");
  planned.is_masked = is_masked(answers, defaults.is_masked);
  planned.nodes_per_site = answers.count("nodes_per_site", 1, kSilosMax);
  planned.cores_per_node = answers.count("cores", 0, 100'000);
  const char* const rate = "a rate with its unit (kbit, Mbit, Gbit), such as 1Gbit,";
  planned.uplink_bits = answers.number("uplink", kRates, rate, planned.uplink_bits);
  planned.lan_bits = answers.number("lan", kRates, rate, planned.lan_bits);
  planned.round_trip_seconds =
      answers.number("latency", kTimes, "a time from 0 on with its unit (us, ms, s), such as 25ms,",
                     planned.round_trip_seconds, /*may_be_zero=*/true);
  planned.socket_bytes = answers.number("socket_buffer", kPlain, "a number of bytes", planned.socket_bytes);
  planned.train_seconds = answers.number("train_seconds", kPlain, "a number of seconds", 0.0, /*may_be_zero=*/true);
  planned.rates = rates_of(answers, planned.lane_bits);
  RoundCost cost = predict_round(planned);
  return {.planned = std::move(planned), .cost = std::move(cost)};
}

}  // namespace crossilo
