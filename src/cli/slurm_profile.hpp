// Aim: what a cluster wants of a job, read from an INI file: slurm/profiles has examples.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crossilo {

/// Nodes of one kind: a plain job has one such group, a heterogeneous one several.
struct ProfileGroup {
  std::string section;  // as in the file
  std::string partition;
  std::string constraint;
  std::string options;
  std::uint32_t nodes = 1;
  std::uint32_t ranks = 0;  // 0: as many as there are silos, with one group
};

struct SlurmProfile {
  std::string path;
  std::string launcher = "srun";
  std::string time;
  std::string account;
  std::string options;
  std::string setup;
  std::uint32_t warning_seconds = 120;
  std::uint32_t cpus_per_rank = 1;
  std::uint32_t gpus_per_rank = 0;
  std::vector<ProfileGroup> groups;
};

/// Reads slurm/profiles/NAME.ini, or the file itself where `name` is a path. Throws: ConfigError with one line for each
/// mistake; where there is no such file, the names of those that there are.
[[nodiscard]] SlurmProfile read_slurm_profile(const std::string& name);

}  // namespace crossilo
