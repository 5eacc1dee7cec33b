// Aim: what `crossilo data import`, `split`, `check` and `synth` share: the options and what they mean.
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
  [[nodiscard]] bool is_default(const char* name) const { return values_[name].defaulted(); }
  void require(const char* name) const;
  template <class Value>
  [[nodiscard]] Value get(const char* name) const {
    return values_[name].as<Value>();
  }
  [[nodiscard]] std::string text(const char* name) const { return has(name) ? get<std::string>(name) : ""; }
  [[nodiscard]] Texts texts(const char* name) const { return has(name) ? get<Texts>(name) : Texts{}; }
  [[nodiscard]] Texts files() const { return texts("FILE"); }
  /// Every file that the options name to be read.
  [[nodiscard]] Texts inputs() const;
  /// Digits alone: nothing that wraps.
  [[nodiscard]] std::uint64_t whole_number(const char* name) const;
  /// --silos, from 1 to as many as a configuration may name.
  [[nodiscard]] std::size_t silos() const;
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
[[nodiscard]] std::string origin_of(const DataOptions& given);
[[nodiscard]] SplitOptions row_split_of(const DataOptions& given);
/// The recipe for CSV tables; --label is needed.
[[nodiscard]] ImportRecipe recipe_of(const DataOptions& given);
/// Throws: ConfigError that names an option that only CSV tables have, and why it is of no use here.
void refuse_csv_options(const DataOptions& given, const std::string& why);

/// True when the rows come from IDX files; refuses their options without --idx_images.
[[nodiscard]] bool are_images(const DataOptions& given);
/// What the options of IDX files say. Refuses those that only CSV tables have.
[[nodiscard]] IdxImport idx_import_of(const DataOptions& given);

}  // namespace crossilo
