// Measures one local step (forward, backward, optimizer) of a silo that trains as in a run: shuffled rows, SGD with
// momentum, one thread. bench/silo/local_step.py runs the same loop in Python's torch beside it.
// Run: local_step_bench cnn|mlp BATCH STEPS. One JSON line: CPU and wall seconds of a step, and the loss before and
// after.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/silo/local_silo.hpp"

namespace {

using namespace crossilo;

constexpr std::size_t kSide = 28, kClasses = 10;

/// Images whose brightest row of pixels tells the class; local_step.py makes the same ones.
RowSet make_images(std::size_t rows) {
  RowSet set{.rows = rows, .x = std::vector<float>(rows * kSide * kSide), .y = std::vector<float>(rows)};
  for (std::size_t i = 0; i < set.x.size(); ++i)
    set.x[i] = static_cast<float>((i * 2654435761u >> 8) & 0xffff) * 0x1p-16f - 0.5f;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t label = row * 7 % kClasses;
    set.y[row] = static_cast<float>(label);
    for (std::size_t column = 0; column < kSide; ++column)
      set.x[(row * kSide + 2 * label + 4) * kSide + column] += 1.0f;
  }
  return set;
}

SiloData make_silo(std::size_t rows) {
  SiloSchema schema{.feature_names = {}, .class_names = {}, .sample_shape = {kSide, kSide}, .task = Task::multiclass};
  for (std::size_t i = 0; i < kSide * kSide; ++i) schema.feature_names.push_back("p" + std::to_string(i));
  for (std::size_t i = 0; i < kClasses; ++i) schema.class_names.push_back("c" + std::to_string(i));
  return {.schema = schema, .train = make_images(rows), .test = {}, .origin = "made", .digest = {}};
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double mean_loss(Model& model, std::span<const float> parameters, const Dataset& data) {
  const EvaluationSums sums = evaluate_rows(model, parameters, data.fit(), Task::multiclass);
  return sums.loss / sums.rows;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: local_step_bench cnn|mlp BATCH STEPS\n");
    return 2;
  }
  const TorchSession torch({.threads = 1});
  const std::string name = argv[1];
  const std::size_t batch = std::strtoull(argv[2], nullptr, 10);
  const std::size_t steps = std::strtoull(argv[3], nullptr, 10);
  // 85 % of the rows are trained on: a whole number of batches.
  const std::size_t rows = (batch * steps * 100 + 84) / 85;
  const auto data = std::make_shared<const Dataset>(make_silo(rows), public_root(1), SiloId{0});
  Model model = make_model({.name = name,
                            .inputs = kSide * kSide,
                            .outputs = kClasses,
                            .sample_shape = {kSide, kSide},
                            .hidden = {128},
                            .channels = {16, 32}});
  model.initialise(public_root(1));
  std::vector<float> global(model.parameters().begin(), model.parameters().end());
  LocalSilo silo({.id = SiloId{0},
                  .name = "bench",
                  .data = data,
                  .train = {.learning_rate = 0.01, .momentum = 0.9, .batch_size = batch},
                  .root = {.key = Key256(public_root(1).key)}},
                 model);
  UpdateBuffer buffer{.parameters = std::vector<float>(global.size()), .statistics = {}};
  RoundTicket ticket;
  ticket.round = RoundIndex{1};
  (void)silo.train_locally(ticket, global, buffer);  // warms up
  const double loss_before = mean_loss(model, global, *data);
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  (void)silo.train_locally(ticket, global, buffer);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double cpu_used = cpu_seconds() - cpu;
  for (std::size_t i = 0; i < global.size(); ++i) global[i] += buffer.parameters[i];
  const auto taken = static_cast<double>((data->fit().rows + batch - 1) / batch);
  const nlohmann::ordered_json line = {
      {"parameters", global.size()},     {"steps", taken},
      {"cpu_seconds", cpu_used / taken}, {"wall_seconds", wall / taken},
      {"loss_before", loss_before},      {"loss_after", mean_loss(model, global, *data)}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}
