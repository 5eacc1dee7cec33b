// Aim: what a configuration comes to, in numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/io/config.hpp"
#include "crossilo/model/model.hpp"

namespace crossilo {

/// A silo whose file this machine may read.
struct PlannedSilo {
  std::string name;
  std::string path;
  std::size_t train_rows = 0;
  std::size_t test_rows = 0;
  std::string fault;  // why the file cannot be used; empty: it can
};

struct PlannedModel {
  std::string name;
  std::size_t weights = 0;
  std::size_t buffers = 0;
  std::string memory_fault;  // why it cannot be built here; empty: it can
  std::vector<TensorSpec> tensors;
};

/// Bytes of one silo that is a rank of its own.
struct PlannedTraffic {
  std::size_t first_payload_bytes = 0;  // of round 1, which always has lanes of 32 bits
  std::size_t payload_bytes = 0;        // of every later round
  std::uint64_t sent_bytes = 0;         // in a later round, to all others together
  std::uint64_t all_sent_bytes = 0;     // in all rounds
};

/// Estimates for one rank with one silo: the one with the most rows.
struct PlannedMemory {
  std::uint64_t program_bytes = 0;
  std::uint64_t rows_bytes = 0;
  std::uint64_t model_bytes = 0;
  std::uint64_t sum_bytes = 0;
  [[nodiscard]] std::uint64_t all_bytes() const { return program_bytes + rows_bytes + model_bytes + sum_bytes; }
};

/// One thing that leaves a silo.
struct Leaving {
  std::string what;
  std::string when;
  std::size_t bytes = 0;  // 0: depends on names
  std::string readable_by;
};

struct PlanFacts {
  std::vector<PlannedSilo> silos;
  std::string own_silo_question;     // what must be set so that this machine's own file is known; mostly empty
  std::optional<SiloSchema> schema;  // of the first readable file; nothing below is known without it
  std::optional<PlannedModel> model;
  PlannedTraffic traffic;
  PlannedMemory memory;
  std::vector<Leaving> leaving;
};

/// Reads what the silo files say about themselves, not their rows, and builds the model.
/// Throws: ConfigError, EnvironmentError where training would refuse to start. Files at fault are in the result.
[[nodiscard]] PlanFacts plan_facts(const Config& config);

}  // namespace crossilo
