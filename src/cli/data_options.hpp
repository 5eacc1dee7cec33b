// Aim: what `crossilo data import`, `split`, `check` and `synth` share: the recipe's options, reading and writing.
#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/data/idx.hpp"
#include "crossilo/data/import.hpp"

namespace crossilo {

using Texts = std::vector<std::string>;

/// The options that were given to one subcommand ("data split"), with checked access.
/// Throws (every member): ConfigError that names the subcommand, the option, what was found and what is wanted.
class DataOptions {
 public:
  DataOptions(std::string command, boost::program_options::variables_map values)
      : command_(std::move(command)), values_(std::move(values)) {}

  [[noreturn]] void refuse(const std::string& what) const;
  [[nodiscard]] bool has(const char* name) const { return values_.count(name) > 0; }
  void require(const char* name) const;
  template <class Value>
  [[nodiscard]] Value get(const char* name) const {
    return values_[name].as<Value>();
  }
  [[nodiscard]] std::string text(const char* name) const { return has(name) ? get<std::string>(name) : ""; }
  [[nodiscard]] Texts texts(const char* name) const { return has(name) ? get<Texts>(name) : Texts{}; }
  [[nodiscard]] Texts files() const { return texts("FILE"); }
  /// The parts of "a,b,c"; none may be empty, no two alike.
  [[nodiscard]] Texts list(const char* name) const;
  /// {"cp", "1|2"} of every "cp=1|2".
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(const char* name, const char* form) const;
  [[nodiscard]] Texts checked_parts(const char* name, const std::string& text, char separator) const;

 private:
  std::string command_;
  boost::program_options::variables_map values_;
};

/// How a CSV table is read and what its columns mean.
void add_recipe_options(boost::program_options::options_description& options);
/// IDX files: images, labels, and those to test on.
void add_idx_options(boost::program_options::options_description& options);
/// --test_fraction and --seed.
void add_row_split_options(boost::program_options::options_description& options);
void add_output_options(boost::program_options::options_description& options);

[[nodiscard]] CsvOptions csv_options(const DataOptions& given);
[[nodiscard]] SplitOptions row_split_of(const DataOptions& given);
/// The recipe for CSV tables; --label is needed.
[[nodiscard]] ImportRecipe recipe_of(const DataOptions& given);
/// The recipe for IDX files; classes 0 to 9 unless they are named. Refuses options that only CSV tables have.
[[nodiscard]] IdxRecipe idx_recipe_of(const DataOptions& given);

/// silo0, silo1, … with zeros before them, so that they sort as they are numbered (silo00 to silo99).
[[nodiscard]] std::vector<ImportedSilo> named_silos(std::vector<SiloData> parts);

/// Writes every silo's file by the pattern of --output, where {silo} becomes its name, and prints a line for each.
/// Throws: ConfigError, StorageError.
void write_silos(const std::vector<ImportedSilo>& silos, const DataOptions& given);

}  // namespace crossilo
