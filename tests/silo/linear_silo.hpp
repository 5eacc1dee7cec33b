// Aim: silos with a linear model, whose training and evaluation tests/oracle can repeat.
// Method: random rows of 7 features, one case for each task; every number from a seed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/foreign/openssl.hpp"
#include "crossilo/silo/local_silo.hpp"
#include "oracle/linear_model.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo::test {

inline constexpr std::size_t kFeatures = 7;

struct Case {
  Task task;
  std::size_t outputs;
};
inline constexpr Case kCases[] = {{Task::binary, 1}, {Task::multiclass, 4}, {Task::regression, 1}};

inline SiloSchema schema_of(const Case& c) { return schema(c.task, kFeatures, std::max<std::size_t>(2, c.outputs)); }

inline Model model_for(const Case& c) {
  return make_model({.name = "logreg", .inputs = kFeatures, .outputs = c.outputs});
}

inline std::vector<float> random_parameters(const Model& model, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal(0.0f, 0.5f);
  std::vector<float> values(model.parameters().size());
  for (float& value : values) value = normal(generator);
  return values;
}

inline LocalSilo silo_with(std::shared_ptr<const Dataset> dataset, Model& model, const TrainOptions& train,
                           std::uint32_t id = 0) {
  return LocalSilo({.id = SiloId{id},
                    .name = std::string("s").append(std::to_string(id)),
                    .data = std::move(dataset),
                    .train = train,
                    .root = {.key = Key256(public_root(1).key)}},
                   model);
}

inline LocalSilo silo_with(const SiloData& data, Model& model, const TrainOptions& train, std::uint32_t id = 0) {
  return silo_with(std::make_shared<const Dataset>(data, public_root(1), SiloId{id}), model, train, id);
}

inline std::vector<float> train(LocalSilo& silo, const std::vector<float>& global, std::uint32_t round = 1) {
  UpdateBuffer buffer{.parameters = std::vector<float>(global.size(), -1.0f), .statistics = {}};
  RoundTicket ticket;
  ticket.round = RoundIndex{round};
  (void)silo.train_locally(ticket, global, buffer);
  return buffer.parameters;
}

inline oracle::LinearModel oracle_of(const Case& c, const std::vector<float>& parameters) {
  return {c.task, kFeatures, c.outputs, {parameters.begin(), parameters.end()}};
}

inline void expect_delta(const std::vector<float>& delta, const std::vector<double>& trained,
                         const std::vector<float>& global) {
  for (std::size_t i = 0; i < delta.size(); ++i) EXPECT_NEAR(delta[i], trained[i] - double{global[i]}, 1e-5) << i;
}

}  // namespace crossilo::test
