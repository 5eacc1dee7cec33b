// Aim: the state of a federation as one sealed file, and the folder that keeps the last two.
//
// A checkpoint is an HDF5 file behind a user block of 512 bytes that holds the SHA-256 of the rest; docs/resume.md
// describes it. It is verified before HDF5 sees it, and written whole or not at all.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/round/federation_state.hpp"

namespace crossilo {

/// What must be equal where a run goes on.
struct CheckpointKeys {
  Hash256 settings{};      // of all that fixes the course of a run (resume_hash)
  Hash256 schema{};        // of the silo files
  Hash256 model_schema{};  // of the model's tensors
  bool operator==(const CheckpointKeys&) const = default;
};

/// A checkpoint that was read; `state` views its own vectors.
class Checkpoint {
 public:
  /// Takes sealed bytes. `name` is for messages. Throws: StorageError when they are damaged, of another version or of
  /// another kind.
  Checkpoint(std::span<const std::byte> sealed, const std::string& name);
  Checkpoint(Checkpoint&&) = default;
  Checkpoint& operator=(Checkpoint&&) = default;

  [[nodiscard]] const FederationState& state() const noexcept { return state_; }
  [[nodiscard]] const CheckpointKeys& keys() const noexcept { return keys_; }
  /// The line of the last round that only wants its evaluation (io/metrics); empty where there is none.
  [[nodiscard]] const std::string& pending_metrics() const noexcept { return pending_metrics_; }

  /// Throws: ConfigError with both hashes where the run that wants to go on is another one.
  void require(const CheckpointKeys& keys, const std::string& name) const;

 private:
  FederationState state_;
  CheckpointKeys keys_;
  std::string pending_metrics_;
  std::unique_ptr<FederatedRows> rows_;  // state_ points to it, also when this object moves
  std::vector<float> parameters_;
  std::vector<float> best_;
  std::vector<std::vector<float>> server_;
};

/// The sealed bytes of a state. Deterministic.
[[nodiscard]] std::vector<std::byte> seal_checkpoint(const FederationState& state, const CheckpointKeys& keys,
                                                     const std::string& pending_metrics);

/// A checkpoint that another version of the program wrote: nothing is wrong with it, so nothing older is taken for it.
class CheckpointVersionError : public StorageError {
 public:
  using StorageError::StorageError;
};

/// The SHA-256 that the user block holds. Throws: StorageError when the bytes are not whole; CheckpointVersionError.
[[nodiscard]] Hash256 require_sealed(std::span<const std::byte> sealed, const std::string& name);

/// A folder of checkpoints, round-N.h5: the last two are kept.
class CheckpointFolder {
 public:
  /// Makes the folder, writes a probe into it, and puts what lies there from after round `last` aside, as
  /// round-N.h5.damaged. Throws: StorageError when it cannot be written.
  CheckpointFolder(std::string path, RoundIndex last);

  /// Keeps sealed bytes; then the last but one older file goes. Throws: StorageError; the files before are intact.
  void keep(RoundIndex round, std::span<const std::byte> sealed) const;

  struct Found {
    RoundIndex round{};
    std::string file;
    Hash256 seal{};
    std::vector<std::byte> sealed;
  };
  /// The newest checkpoint that is whole; each damaged one is told to `warn` and passed over. Nothing where there is
  /// none, also where the folder is missing. Throws: StorageError when one cannot be read, or is of another version.
  [[nodiscard]] static std::optional<Found> newest(const std::string& path,
                                                   const std::function<void(const std::string&)>& warn);

 private:
  std::string path_;
};

}  // namespace crossilo
