// Aim: the HTML that every page of a report is made of: escaped text, tables, sections, one style sheet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

/// A text that stands in HTML as it is, whatever it holds; bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string html_escaped(std::string_view text);

/// Plain texts, escaped when shown. Shapes: every row has one text for each title.
struct PageTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
  bool is_of_numbers = true;  // all columns but the first stand at the right
  bool is_last_text = false;  // the last column of a table of numbers: it wraps
};

/// The table, which scrolls by itself where the window is narrow.
[[nodiscard]] std::string table_html(const PageTable& table);
/// A table that opens on a click, and on paper: what stands under a picture. Nothing for a table without rows.
[[nodiscard]] std::string folded_table_html(std::string_view title, const PageTable& table);
/// A text folded in the same way, in the type of a terminal.
[[nodiscard]] std::string folded_text_html(std::string_view title, std::string_view text);
/// A paragraph of plain text.
[[nodiscard]] std::string paragraph_html(std::string_view text);
/// A section; `body` is HTML.
[[nodiscard]] std::string section_html(std::string_view title, const std::string& body);
/// Pictures (HTML) beside each other, or below where the window is narrow.
[[nodiscard]] std::string pictures_html(const std::vector<std::string>& pictures);
/// A whole page; `body` is HTML.
[[nodiscard]] std::string page_html(std::string_view title, const std::string& body);

}  // namespace crossilo
