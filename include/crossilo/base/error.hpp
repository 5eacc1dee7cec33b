// Aim: the typed errors of the program, each with its documented exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace crossilo {

/// Exit codes of the program `crossilo`; docs/exit-codes.md explains each.
enum class ExitCode : int {
  success = 0,
  internal = 1,
  configuration = 2,
  environment = 3,
  data = 4,
  peer_lost = 5,
  diverged = 7,
  storage = 9,
  requeue = 75,
  interrupted = 130,
  terminated = 143,
};

/// Base of every error this program throws. The text says what, where, what was found and what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, const std::string& text) : std::runtime_error(text), exit_code_(exit_code) {}
  [[nodiscard]] ExitCode exit_code() const noexcept { return exit_code_; }

 private:
  ExitCode exit_code_;
};

/// An error whose type fixes its exit code.
template <ExitCode Code>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(const std::string& text) : Error(Code, text) {}
};

using InternalError = ErrorOf<ExitCode::internal>;
using ConfigError = ErrorOf<ExitCode::configuration>;
using EnvironmentError = ErrorOf<ExitCode::environment>;
using DataError = ErrorOf<ExitCode::data>;
using DivergedError = ErrorOf<ExitCode::diverged>;
using StorageError = ErrorOf<ExitCode::storage>;

/// Another rank did not answer in time.
class PeerLostError : public Error {
 public:
  PeerLostError(const std::string& text, int lost_rank) : Error(ExitCode::peer_lost, text), lost_rank_(lost_rank) {}
  /// The rank that did not answer, not the one that noticed; -1: all answer, but wait for each other.
  [[nodiscard]] int lost_rank() const noexcept { return lost_rank_; }

 private:
  int lost_rank_;
};

}  // namespace crossilo
