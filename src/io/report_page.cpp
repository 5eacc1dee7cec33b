#include "report_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

// Colours of Okabe and Ito (2008), which people with any colour vision tell apart; lighter ones on a dark ground.
constexpr const char* kStyle = R"(:root {
  color-scheme: light dark;
  --ground: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d5dae0; --panel: #f5f7f9; --alarm: #b3261e;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b8558a; --c4: #c98600; --c5: #2a9fd6; --c6: #767d85; --c7: #8a8000;
}
@media (prefers-color-scheme: dark) { :root {
  --ground: #14171a; --ink: #e4e8ec; --soft: #9aa4ae; --line: #363d45; --panel: #1d2126; --alarm: #ff8a80;
  --c0: #4ba8e0; --c1: #f08a45; --c2: #35c79b; --c3: #e08fbb; --c4: #f0b53c; --c5: #8fd0f5; --c6: #98a0a8; --c7: #d8cd4a;
} }
@media print {
  :root { --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --panel: #fff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(.8rem, 3vw, 2.5rem) 3rem; max-width: 76rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
header { margin-bottom: 1rem; }
h2 { font-size: 1.15rem; margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
p { margin: .4rem 0; max-width: 60rem; overflow-wrap: anywhere; }
section { margin-top: 2.2rem; }
.block + .block { margin-top: 1.8rem; }
.soft, figcaption, .keys, summary { color: var(--soft); font-size: .9rem; }
.verdict { margin: 1rem 0; padding: .7rem 1rem; border-left: .3rem solid var(--c2); background: var(--panel); font-size: 1.1rem; }
.verdict.alarm { border-color: var(--alarm); }
.alarm-text { color: var(--alarm); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
.numbers th:not(:first-child), .numbers td:not(:first-child) { text-align: right; padding: .25rem 0 .25rem 1.1rem; white-space: nowrap; }
.numbers td:first-child { white-space: nowrap; }
.numbers.last-text :is(th, td):last-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 10rem; }
.texts td { overflow-wrap: anywhere; min-width: 8.5rem; }
.texts td:first-child { min-width: 12.5rem; }
.picture { min-width: 0; display: flex; flex-direction: column; }
.picture figure { flex: 1 0 auto; }
.pictures { display: grid; gap: 1.5rem 2.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
figure { margin: 0; max-width: 44rem; min-width: 0; display: flex; flex-direction: column; }
figure > svg { display: block; width: 100%; height: auto; margin-top: auto; }
figcaption { margin-bottom: .2rem; }
figcaption b { color: var(--ink); }
.keys { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .2rem 0; }
.keys span { display: inline-flex; align-items: center; gap: .4rem; overflow-wrap: anywhere; }
.keys svg { width: 1.8rem; height: .7rem; flex: none; }
details { margin-top: .5rem; }
summary { cursor: pointer; }
pre { background: var(--panel); padding: .6rem .8rem; overflow-x: auto; font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media print {
  html { font-size: 10px; }
  body { max-width: none; padding: 0; }
  figure, tr { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
  .scroll { overflow: visible; }
  .numbers th { white-space: normal; }
  .pictures { grid-template-columns: 1fr 1fr; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
svg text { fill: var(--soft); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .curve { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
svg .mark { fill: currentColor; }
svg .band { fill: currentColor; stroke: currentColor; stroke-width: 1.5; opacity: .18; }
svg .cross { fill: none; stroke: var(--alarm); stroke-width: 2.5; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
.c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); }
)";

std::string folded(std::string_view title, const std::string& body) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", html_escaped(title), body);
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0 || (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f')
      escaped += "\xef\xbf\xbd";  // U+FFFD
    else if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += "&quot;";
    else if (c == '\'')
      escaped += "&#39;";
    else
      escaped += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return escaped;
}

std::string table_html(const PageTable& table) {
  const char* const kind = !table.is_of_numbers ? "texts" : table.is_last_text ? "numbers last-text" : "numbers";
  std::string html = fmt::format("<div class=\"scroll\"><table class=\"{}\"><thead><tr>", kind);
  for (const std::string& title : table.titles) html += "<th scope=\"col\">" + html_escaped(title) + "</th>";
  html += "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    html += "<tr>";
    for (const std::string& text : row) html += "<td>" + html_escaped(text) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string folded_table_html(std::string_view title, const PageTable& table) {
  return table.rows.empty() ? "" : folded(title, table_html(table));
}

std::string folded_text_html(std::string_view title, std::string_view text) {
  return folded(title, "<pre>" + html_escaped(text) + "</pre>\n");
}

std::string paragraph_html(std::string_view text) { return "<p>" + html_escaped(text) + "</p>\n"; }

std::string section_html(std::string_view title, const std::string& body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", html_escaped(title), body);
}

std::string pictures_html(const std::vector<std::string>& pictures) {
  std::string html = "<div class=\"pictures\">\n";
  for (const std::string& picture : pictures) html += "<div class=\"picture\">" + picture + "</div>\n";
  return html + "</div>\n";
}

std::string page_html(std::string_view title, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      html_escaped(title), kStyle, body);
}

}  // namespace crossilo
