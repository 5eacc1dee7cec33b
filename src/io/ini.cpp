#include "ini.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "crossilo/base/text.hpp"
#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

constexpr std::string_view kBlanks = " \t";

bool is_comment(std::string_view text) { return text.empty() || text.front() == '#' || text.front() == ';'; }

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string_view without_comment(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at)
    if ((text[at] == '#' || text[at] == ';') && (at == 0 || kBlanks.find(text[at - 1]) != std::string_view::npos))
      return trimmed(text.substr(0, at));
  return trimmed(text);
}

/// The value of a text that starts with a quote; nothing when the quote is not closed or more follows it.
std::optional<std::string> unquote(std::string_view text) {
  std::string value;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return is_comment(trimmed(text.substr(at + 1))) ? std::optional(value) : std::nullopt;
    if (text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\')) ++at;
    value.push_back(text[at]);
  }
  return std::nullopt;
}

/// What byte of a line cannot stand in a text file, and where; nothing when all can.
std::optional<std::string> strange_byte(std::string_view line) {
  for (std::size_t at = 0; at < line.size();) {
    const auto byte = static_cast<unsigned char>(line[at]);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
      return fmt::format("byte {} (0x{:02x}) is a control character; is this a text file?", at + 1, byte);
    const std::size_t length = utf8_length(line.substr(at));
    if (length == 0) return fmt::format("byte {} (0x{:02x}) is not UTF-8; save the file as UTF-8", at + 1, byte);
    at += length;
  }
  return std::nullopt;
}

class Scanner {
 public:
  void line(std::string_view raw) {
    ++line_;
    if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
    const std::string_view text = trimmed(raw);
    if (auto bad = strange_byte(raw)) {
      result.hides_settings = true;
      problem(std::move(*bad));
    } else if (!is_comment(text)) {
      text.front() == '[' ? section(text) : setting(text);
    }
  }
  IniFile result;

 private:
  void problem(std::string text) { result.problems.push_back({line_, std::move(text)}); }

  void section(std::string_view text) {
    text = without_comment(text);
    const std::string_view name = text.back() == ']' ? trimmed(text.substr(1, text.size() - 2)) : std::string_view();
    section_ = name;
    in_broken_section_ = !is_name(name);
    result.hides_settings |= in_broken_section_;
    if (in_broken_section_) return problem(fmt::format("\"{}\": a section is written [name]", shown(text)));
    const auto [known, is_new] = section_lines_.emplace(section_, line_);
    if (!is_new) problem(fmt::format("[{}] was opened before, in line {}; keep one", section_, known->second));
  }

  void setting(std::string_view text) {
    if (in_broken_section_) return;  // said once, at the section
    const auto equals = text.find('=');
    const std::string_view key = trimmed(text.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(key))
      return problem(
          fmt::format("\"{}\": a line is [section], key = value or a comment", shown(without_comment(text))));
    if (section_.empty()) return problem(fmt::format("{}: stands before the first [section]", shown(key)));
    IniEntry entry{fmt::format("{}.{}", section_, key), {}, line_};
    const std::string_view value = trimmed(text.substr(equals + 1));
    if (!value.empty() && value.front() == '"') {
      const auto unquoted = unquote(value);
      if (!unquoted) return problem(fmt::format("{}: the quotes do not enclose the whole value", entry.name));
      entry.value = *unquoted;
    } else {
      entry.value = without_comment(value);
    }
    result.entries.push_back(std::move(entry));
  }

  int line_ = 0;
  std::string section_;
  bool in_broken_section_ = false;
  std::map<std::string, int> section_lines_;
};

}  // namespace

IniFile scan_ini(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  if (text.substr(0, 2) == "\xff\xfe" || text.substr(0, 2) == "\xfe\xff")
    return {.entries = {}, .problems = {{1, "the file is UTF-16; save it as UTF-8"}}, .hides_settings = true};
  Scanner scanner;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    scanner.line(text.substr(start, end - start));
    start = end + 1;
  }
  return std::move(scanner.result);
}

}  // namespace crossilo
