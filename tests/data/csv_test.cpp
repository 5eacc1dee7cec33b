// Aim: CSV files are read as RFC 4180 says, and a faulty one is named with its line.
// Method: small texts with one peculiarity each.
#include "crossilo/data/csv.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

using Fields = std::vector<std::string>;

std::vector<Fields> fields_of(std::string_view text, char separator = ',') {
  std::vector<Fields> result;
  for (const CsvRow& row : parse_csv(text, separator, "a.csv")) result.push_back(row.fields);
  return result;
}

TEST(Csv, ReadsPlainAndQuotedFields) {
  EXPECT_EQ(fields_of("a,b\n1,2\n"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(fields_of("a,b\r\n1,2"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(fields_of(" a ,\tb \n"), (std::vector<Fields>{{"a", "b"}}));
  EXPECT_EQ(fields_of("a,\n,b\n,\n"), (std::vector<Fields>{{"a", ""}, {"", "b"}, {"", ""}}));
  EXPECT_EQ(fields_of("\"a,b\",\" c \",\"say \"\"no\"\"\"\r\n"), (std::vector<Fields>{{"a,b", " c ", "say \"no\""}}));
  EXPECT_EQ(fields_of("\"\",\"\"\"\"\n"), (std::vector<Fields>{{"", "\""}}));
  EXPECT_EQ(fields_of("5\" pipe,1\n"), (std::vector<Fields>{{"5\" pipe", "1"}}));
  EXPECT_EQ(fields_of("a;b,c\n", ';'), (std::vector<Fields>{{"a", "b,c"}}));
  EXPECT_EQ(fields_of("\xEF\xBB\xBFname,x\n"), (std::vector<Fields>{{"name", "x"}}));
  EXPECT_TRUE(fields_of("").empty());
}

TEST(Csv, SkipsBlankLinesAndCountsAll) {
  const auto rows = parse_csv("\na,b\r\n\r\n  \n\"two\nlines\",2\n\n3,4\n\n", ',', "a.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_EQ(rows[1].line, 5u);
  EXPECT_EQ(rows[1].fields[0], "two\nlines");
  EXPECT_EQ(rows[2].line, 8u);
}

TEST(Csv, NamesTheLineOfAFaultyQuote) {
  EXPECT_EQ(error_text<DataError>([] { static_cast<void>(fields_of("a,b\n1,\"2\n3,4\n")); }),
            "a.csv:2: a quote is opened here and never closed");
  EXPECT_HAS(error_text<DataError>([] { static_cast<void>(fields_of("a\n\"b\"c\n")); }),
             "a.csv:2: \"b\" is followed by");
}

TEST(Csv, ChecksTheShapeOfATable) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& text, const CsvOptions& options = {}) {
    return read_csv(folder.write("a.csv", text), options);
  };
  const auto error = [&](const std::string& text) {
    return error_text<DataError>([&] { static_cast<void>(read(text)); });
  };
  EXPECT_EQ(read("x,y\n1,2\n").columns, (Fields{"x", "y"}));
  EXPECT_EQ(read("1,2\n", {{"x", "y"}}).rows.size(), 1u);
  EXPECT_EQ(read("x,y\n1,2\n").column("y"), 1u);
  EXPECT_HAS(error("x,y\n1,2\n\n1,2,3\n"), "a.csv:4: 3 fields found, 2 expected");
  EXPECT_HAS(error("x,x\n1,2\n"), "a.csv: column \"x\": every column needs a name of its own");
  EXPECT_HAS(error("x,\n1,2\n"), "a.csv: column \"\"");
  EXPECT_HAS(error("x,y\n"), "a.csv: has no rows");
  EXPECT_HAS(error(""), "a.csv: has no rows");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(read("x,y\n1,2\n").column("z")); }),
             "a.csv: has no column z; its columns are x, y");
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(read_csv(folder.path("none.csv"), {})); }),
             "none.csv: cannot be read: No such file");
}

TEST(Csv, RefusesSeparatorsThatMeanSomethingElse) {
  const TemporaryFolder folder;
  for (const char separator : {'"', '\n', '\r'})
    EXPECT_HAS(error_text<ConfigError>([&] {
                 static_cast<void>(read_csv(folder.write("a.csv", "x\n1\n"), {{}, separator}));
               }),
               "separator: a quote or the end of a line cannot stand between fields");
}

TEST(Csv, NamesAFileThatCannotBeReadAsText) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& path) {
    return error_text<DataError>([&] { static_cast<void>(read_csv(path, {})); });
  };
  EXPECT_EQ(error(folder.path()), folder.path() + ": cannot be read: Is a directory");
  EXPECT_EQ(error("/proc/self/mem"), "/proc/self/mem: cannot be read: Input/output error");
  EXPECT_HAS(error(folder.write("a.csv", std::string("\xff\xfe"
                                                     "x\0,\0y\0\n\0",
                                                     10))),
             "a.csv: is UTF-16, not UTF-8");
  std::string large = "x\n";
  for (int i = 0; i < 100000; ++i) large += std::to_string(i) + "\n";
  EXPECT_EQ(read_csv(folder.write("a.csv", large), {}).rows.size(), 100000u);
}

}  // namespace
}  // namespace crossilo
