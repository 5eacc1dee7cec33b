#include "crossilo/data/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[noreturn]] void refuse(const std::string& path, std::size_t line, const std::string& what) {
  throw DataError(fmt::format("{}:{}: {}", path, line, what));
}

/// Reads one field after the other; knows the line it is on.
class CsvScanner {
 public:
  CsvScanner(std::string_view text, char separator, const std::string& path)
      : rest_(text), separator_(separator), path_(path) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  CsvRow row() {
    CsvRow row{line_, {}};
    do row.fields.push_back(rest_.starts_with('"') ? quoted_field() : plain_field());
    while (take_separator());
    take_line_end();
    return row;
  }

 private:
  std::string plain_field() {
    const std::size_t end = std::min(rest_.find_first_of(std::string{separator_, '\n'}), rest_.size());
    const std::string_view field = trimmed(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return std::string(field);
  }

  std::string quoted_field() {
    const std::size_t opened = line_;
    std::string field;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) refuse(path_, opened, "a quote is opened here and never closed");
      const std::string_view part = rest_.substr(0, quote);
      field += part;
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) break;
      field += '"';  // a doubled quote stands for one
      rest_.remove_prefix(1);
    }
    const bool ends =
        rest_.empty() || rest_.front() == separator_ || rest_.front() == '\n' || rest_.starts_with("\r\n");
    if (!ends)
      refuse(path_, line_,
             fmt::format("\"{}\" is followed by more text; a quoted field ends with its quote", shown(field)));
    return field;
  }

  bool take_separator() {
    if (rest_.empty() || rest_.front() != separator_) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void take_line_end() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    if (rest_.empty()) return;
    rest_.remove_prefix(1);
    ++line_;
  }

  std::string_view rest_;
  char separator_;
  const std::string& path_;
  std::size_t line_ = 1;
};

std::string whole_text(const std::string& path) {
  const auto fail = [&] { throw DataError(path + ": cannot be read: " + std::strerror(errno)); };
  std::ifstream file(path, std::ios::binary);
  if (!file) fail();
  std::string text;
  std::array<char, 1 << 16> block{};
  do {
    file.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
  } while (file);
  if (file.bad()) fail();  // a folder, a disk that fails
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    throw DataError(path + ": is UTF-16, not UTF-8; save it as UTF-8");
  return text;
}

}  // namespace

std::size_t CsvTable::column(const std::string& name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) {
    std::vector<std::string> names;
    std::ranges::transform(columns, std::back_inserter(names), [](const std::string& column) { return shown(column); });
    throw DataError(fmt::format("{}: has no column {}; its columns are {}", path, shown(name), fmt::join(names, ", ")));
  }
  return static_cast<std::size_t>(found - columns.begin());
}

std::vector<CsvRow> parse_csv(std::string_view text, char separator, const std::string& path) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  CsvScanner scanner(text, separator, path);
  std::vector<CsvRow> rows;
  while (!scanner.at_end()) {
    CsvRow row = scanner.row();
    const bool blank = row.fields.size() == 1 && row.fields.front().empty();
    if (!blank) rows.push_back(std::move(row));
  }
  return rows;
}

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  if (std::string_view("\"\n\r").find(options.separator) != std::string_view::npos)
    throw ConfigError("separator: a quote or the end of a line cannot stand between fields; ',', ';' or a tab can");
  CsvTable table{path, options.columns, parse_csv(whole_text(path), options.separator, path)};
  if (table.columns.empty() && !table.rows.empty()) {
    table.columns = std::move(table.rows.front().fields);
    table.rows.erase(table.rows.begin());
  }
  if (table.rows.empty()) throw DataError(path + ": has no rows");
  std::set<std::string> seen;
  for (const std::string& name : table.columns)
    if (name.empty() || !seen.insert(name).second)
      throw DataError(fmt::format("{}: column \"{}\": every column needs a name of its own", path, shown(name)));
  for (const CsvRow& row : table.rows)
    if (row.fields.size() != table.columns.size())
      refuse(path, row.line, fmt::format("{} fields found, {} expected", row.fields.size(), table.columns.size()));
  return table;
}

}  // namespace crossilo
