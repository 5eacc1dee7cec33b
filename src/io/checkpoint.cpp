#include "crossilo/io/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "hash_text.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kUserBlockBytes = 512;
constexpr std::int64_t kVersion = 2;

/// The user block that belongs to the bytes behind it: text, filled up with zeros.
std::string user_block(std::span<const std::byte> rest) {
  std::string block =
      fmt::format("crossilo checkpoint {}\nsha256 {}\nbytes {}\n", kVersion, to_hex(sha256(rest)), rest.size());
  block.resize(kUserBlockBytes);
  return block;
}

std::vector<double> numbers_of(const EvaluationSums& sums) {
  std::vector<double> numbers{sums.rows, sums.loss, sums.correct};
  numbers.insert(numbers.end(), sums.scores.positive.begin(), sums.scores.positive.end());
  numbers.insert(numbers.end(), sums.scores.negative.begin(), sums.scores.negative.end());
  return numbers;
}

constexpr std::size_t kSumsNumbers = 3 + 2 * kScoreBinsMax;

EvaluationSums sums_of(std::span<const double> numbers) {
  EvaluationSums sums{.rows = numbers[0], .loss = numbers[1], .correct = numbers[2]};
  std::ranges::copy(numbers.subspan(3, kScoreBinsMax), sums.scores.positive.begin());
  std::ranges::copy(numbers.subspan(3 + kScoreBinsMax, kScoreBinsMax), sums.scores.negative.begin());
  return sums;
}

/// Everything that the stop rule knows: rows, two scores, two rounds.
std::array<double, 7> numbers_of(const StopRule::Judged& judged) {
  return {judged.best_rows,
          judged.best_score.metric,
          judged.best_score.negative_loss,
          judged.reference_score.metric,
          judged.reference_score.negative_loss,
          static_cast<double>(judged.reference_round.value),
          static_cast<double>(judged.last_round.value)};
}

/// A whole number below 2^32 that was written as a double.
std::uint32_t number_of(double number, const std::string& name) {
  if (!(number >= 0 && number <= std::numeric_limits<std::uint32_t>::max()))
    throw DataError(fmt::format("{}: {} found, a number from 0 to 2^32 - 1 is wanted", name, number));
  return static_cast<std::uint32_t>(number);
}

StopRule::Judged judged_of(std::span<const double> numbers, const std::string& name) {
  return {.best_rows = numbers[0],
          .best_score = {.metric = numbers[1], .negative_loss = numbers[2]},
          .reference_score = {.metric = numbers[3], .negative_loss = numbers[4]},
          .reference_round = {number_of(numbers[5], name + ": judged")},
          .last_round = {number_of(numbers[6], name + ": judged")}};
}

template <class Value>
void write_vector(Hdf5File& file, const std::string& object, std::span<const Value> values) {
  const Hdf5Type type = sizeof(Value) == 4 ? Hdf5Type::float32 : Hdf5Type::float64;
  file.write({.object = object, .type = type, .shape = {values.size()}}, std::as_bytes(values));
}

template <class Value>
std::vector<Value> read_vector(const Hdf5File& file, const std::string& object) {
  const Hdf5Dataset found = file.dataset(object);
  if (found.type != (sizeof(Value) == 4 ? Hdf5Type::float32 : Hdf5Type::float64) || found.shape.size() != 1)
    throw DataError(file.path() + ": " + object + ": another type or shape than a checkpoint has");
  std::vector<Value> values(found.shape.front());
  file.read(object, std::as_writable_bytes(std::span(values)));
  return values;
}

void write_rows(Hdf5File& file, const FederatedRows& rows) {
  const Scaling& scaling = rows.scaling;
  std::vector<double> columns = scaling.mean;
  columns.insert(columns.end(), scaling.standard_deviation.begin(), scaling.standard_deviation.end());
  std::vector<double> counts{rows.held_back_rows, rows.test_rows, scaling.target_mean,
                             scaling.target_standard_deviation};
  counts.insert(counts.end(), scaling.class_rows.begin(), scaling.class_rows.end());
  std::vector<double> weights;
  for (const SiloId silo : rows.cohort.silos) {
    weights.push_back(silo.value);
    weights.push_back(static_cast<double>(rows.cohort.weight(silo)));
  }
  write_vector<double>(file, "rows/columns", columns);
  write_vector<double>(file, "rows/counts", counts);
  write_vector<double>(file, "rows/weights", weights);
}

FederatedRows read_rows(const Hdf5File& file) {
  constexpr std::size_t kCounts = 4;
  constexpr double kWeightMax = 0x1p53;
  const std::vector<double> columns = read_vector<double>(file, "rows/columns");
  const std::vector<double> counts = read_vector<double>(file, "rows/counts");
  const std::vector<double> weights = read_vector<double>(file, "rows/weights");
  if (columns.size() % 2 != 0 || counts.size() < kCounts || weights.size() % 2 != 0)
    throw DataError(file.path() + ": rows/: another shape than a checkpoint has");
  const auto middle = columns.begin() + static_cast<std::ptrdiff_t>(columns.size() / 2);
  FederatedRows rows{.scaling = {.mean = {columns.begin(), middle},
                                 .standard_deviation = {middle, columns.end()},
                                 .target_mean = counts[2],
                                 .target_standard_deviation = counts[3],
                                 .class_rows = {counts.begin() + kCounts, counts.end()}},
                     .held_back_rows = counts[0],
                     .test_rows = counts[1]};
  for (std::size_t i = 0; i < weights.size(); i += 2) {
    rows.cohort.silos.push_back({number_of(weights[i], file.path())});
    if (!(weights[i + 1] >= 0 && weights[i + 1] <= kWeightMax))
      throw DataError(fmt::format("{}: rows/weights: {} is no weight", file.path(), weights[i + 1]));
    rows.cohort.weights.push_back(static_cast<std::uint64_t>(weights[i + 1]));
  }
  return rows;
}

std::string server_object(std::size_t index) { return fmt::format("server/{}", index); }

std::uint32_t integer_of(const Hdf5File& file, const char* name) {
  const auto value = file.integer("/", name);
  if (!value) throw DataError(fmt::format("{}: attribute {} is missing", file.path(), name));
  if (!std::in_range<std::uint32_t>(*value))
    throw DataError(
        fmt::format("{}: attribute {}: {} found, a number from 0 to 2^32 - 1 is wanted", file.path(), name, *value));
  return static_cast<std::uint32_t>(*value);
}

Hash256 hash_of(const Hdf5File& file, const char* name) {
  const auto hash = hash_from_hex(file.text("/", name).value_or(""));
  if (!hash) throw DataError(fmt::format("{}: attribute {} is no SHA-256", file.path(), name));
  return *hash;
}

}  // namespace

std::vector<std::byte> seal_checkpoint(const FederationState& state, const CheckpointKeys& keys,
                                       const std::string& pending_metrics) {
  Hdf5File file = Hdf5File::create_image("checkpoint");
  file.write_integer("/", "schema_version", kVersion);
  file.write_integer("/", "round", state.round.value);
  file.write_integer("/", "best_round", state.best_round.value);
  file.write_integer("/", "has_best", state.has_best ? 1 : 0);
  file.write_integer("/", "lane_bits", state.lanes.lane_bits);
  file.write_number("/", "lane_bound", state.lanes.bound);
  file.write_integer("/", "server_vectors", static_cast<std::int64_t>(state.server.size()));
  const std::pair<const char*, const Hash256*> hashes[] = {{"chain", &state.chain},
                                                           {"settings", &keys.settings},
                                                           {"schema", &keys.schema},
                                                           {"model_schema", &keys.model_schema}};
  for (const auto& [name, hash] : hashes) file.write_text("/", name, to_hex(*hash));
  if (!pending_metrics.empty()) file.write_text("/", "pending_metrics", pending_metrics);
  write_vector(file, "model/parameters", state.parameters);
  write_vector(file, "best/parameters", state.best_parameters);
  for (std::size_t i = 0; i < state.server.size(); ++i) write_vector(file, server_object(i), state.server[i]);
  write_rows(file, *state.rows);
  std::vector<double> silos;
  for (const SiloId silo : state.silos) silos.push_back(silo.value);
  write_vector<double>(file, "silos", silos);
  write_vector<double>(file, "judged", numbers_of(state.judged));
  write_vector<double>(file, "best/held_back", numbers_of(state.best_evaluation.held_back));
  write_vector<double>(file, "best/test", numbers_of(state.best_evaluation.test));

  std::vector<std::byte> sealed = file.take_image(kUserBlockBytes);
  const std::string block = user_block(std::span(sealed).subspan(kUserBlockBytes));
  std::memcpy(sealed.data(), block.data(), kUserBlockBytes);
  return sealed;
}

Hash256 require_sealed(std::span<const std::byte> sealed, const std::string& name) {
  if (sealed.size() <= kUserBlockBytes)
    throw StorageError(fmt::format("{}: {} bytes are no whole checkpoint", name, sealed.size()));
  const std::span<const std::byte> rest = sealed.subspan(kUserBlockBytes);
  const std::string block = user_block(rest);
  if (std::memcmp(block.data(), sealed.data(), kUserBlockBytes) == 0) return sha256(rest);
  const std::string_view found(reinterpret_cast<const char*>(sealed.data()), kUserBlockBytes);
  const std::string_view line = found.substr(0, found.find('\n'));
  const std::string own = fmt::format("crossilo checkpoint {}", kVersion);
  constexpr std::string_view kKind = "crossilo checkpoint ";
  const bool is_numbered = line.starts_with(kKind) && line.size() > kKind.size() &&
                           line.find_first_not_of("0123456789", kKind.size()) == std::string_view::npos;
  if (is_numbered && line != own)
    throw CheckpointVersionError(fmt::format("{}: is a \"{}\"; this program reads \"{}\"", name, line, own));
  throw StorageError(name + ": is damaged: its SHA-256 is not the one it was sealed with");
}

Checkpoint::Checkpoint(std::span<const std::byte> sealed, const std::string& name) try {
  static_cast<void>(require_sealed(sealed, name));
  const Hdf5File file = Hdf5File::open_image(sealed.subspan(kUserBlockBytes), name);
  parameters_ = read_vector<float>(file, "model/parameters");
  best_ = read_vector<float>(file, "best/parameters");
  rows_ = std::make_unique<FederatedRows>(read_rows(file));
  const std::size_t vectors = integer_of(file, "server_vectors");
  for (std::size_t i = 0; i < vectors; ++i) server_.push_back(read_vector<float>(file, server_object(i)));
  const std::vector<double> judged = read_vector<double>(file, "judged");
  const std::vector<double> held_back = read_vector<double>(file, "best/held_back");
  const std::vector<double> test = read_vector<double>(file, "best/test");
  if (judged.size() != 7 || held_back.size() != kSumsNumbers || test.size() != kSumsNumbers)
    throw DataError(name + ": judged or best/: another shape than a checkpoint has");
  state_ = {
      .round = {integer_of(file, "round")},
      .chain = hash_of(file, "chain"),
      .parameters = parameters_,
      .server = {server_.begin(), server_.end()},
      .lanes = {.lane_bits = integer_of(file, "lane_bits"), .bound = file.number("/", "lane_bound").value_or(0.0)},
      .judged = judged_of(judged, name),
      .best_round = {integer_of(file, "best_round")},
      .has_best = integer_of(file, "has_best") != 0,
      .best_parameters = best_,
      .best_evaluation = {.held_back = sums_of(held_back), .test = sums_of(test)},
      .rows = rows_.get()};
  for (const double silo : read_vector<double>(file, "silos")) state_.silos.push_back({number_of(silo, name)});
  keys_ = {.settings = hash_of(file, "settings"),
           .schema = hash_of(file, "schema"),
           .model_schema = hash_of(file, "model_schema")};
  pending_metrics_ = file.text("/", "pending_metrics").value_or("");
} catch (const DataError& error) {
  throw StorageError(error.what());
}

void Checkpoint::require(const CheckpointKeys& keys, const std::string& name) const {
  const auto compare = [&](const Hash256& found, const Hash256& wanted, const char* what) {
    if (found == wanted) return;
    throw ConfigError(
        fmt::format("{}: its {} have the hash {}, but those of this run {}; begin anew with --resume never, "
                    "or bring the old ones back",
                    name, what, to_hex(found).substr(0, 16), to_hex(wanted).substr(0, 16)));
  };
  compare(keys_.settings, keys.settings, "settings that fix the course of a run");
  compare(keys_.schema, keys.schema, "features, classes and task");
  compare(keys_.model_schema, keys.model_schema, "tensors of the model");
}

}  // namespace crossilo
