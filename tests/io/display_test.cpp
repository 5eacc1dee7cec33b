// Aim: progress and the closing table read as the guide shows them, whatever the width.
// Method: the texts of known numbers, compared whole; a live line captured from a stream.
#include <gtest/gtest.h>

#include <cstdlib>

#include "crossilo/io/final_table.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/text.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

RoundProgress last_round() {
  return {.round = 40,
          .rounds = 40,
          .metric_name = "accuracy",
          .metric = 0.8741,
          .loss = 0.4619,
          .train_seconds = 0.003,
          .sum_seconds = 0.0002,
          .sum_bytes_per_second = 12e6,
          .silos = 4,
          .total_seconds = 1.31,
          .first_seconds = 0.14,
          .rounds_here = 40,
          .best_round = 31};
}

TEST(Display, BytesHaveTheDigitsTheyDeserve) {
  EXPECT_EQ(readable_bytes(0), "0 bytes");
  EXPECT_EQ(readable_bytes(1), "1 byte");
  EXPECT_EQ(readable_bytes(9999), "9999 bytes");
  EXPECT_EQ(readable_bytes(12'345), "12 kB");
  EXPECT_EQ(readable_bytes(999'499), "999 kB");
  EXPECT_EQ(readable_bytes(999'501), "1.0 MB");
  EXPECT_EQ(readable_bytes(1.25e9), "1.2 GB");
  EXPECT_EQ(readable_bytes(9.96e9), "10 GB");
  EXPECT_EQ(readable_bytes(5e18), "5000 PB");
}

TEST(Text, SecondsHaveTheDigitsTheyDeserve) {
  EXPECT_EQ(readable_seconds(0.0002), "0.2 ms");
  EXPECT_EQ(readable_seconds(0.0031), "3.1 ms");
  EXPECT_EQ(readable_seconds(0.0314), "31 ms");
  EXPECT_EQ(readable_seconds(0.9996), "1.0 s");
  EXPECT_EQ(readable_seconds(1.26), "1.3 s");
  EXPECT_EQ(readable_seconds(42.4), "42 s");
  EXPECT_EQ(readable_seconds(59.7), "1 min 00 s");
  EXPECT_EQ(readable_seconds(250), "4 min 10 s");
  EXPECT_EQ(readable_seconds(7500), "2 h 05 min");
}

TEST(Text, CountsCharactersNotBytes) {
  EXPECT_EQ(display_width("–│é"), 3u);
  EXPECT_EQ(padded_left("–", 3), "  –");
  EXPECT_EQ(padded_right("züri", 6), "züri  ");
}

TEST(Progress, ShowsARound) {
  EXPECT_EQ(progress_line(last_round()),
            "round 40/40  accuracy 0.874  loss 0.462  1.3 s in all │ train 3 ms  sum 0.2 ms  12 MB/s  4 silos │ best "
            "round 31");
  EXPECT_EQ(progress_line({.round = 1, .rounds = 40, .silos = 1}), "round 1/40 │ train 0.0 ms  sum 0.0 ms  1 silo");
}

TEST(Progress, ForeseesTheEndFromTheRoundsOfThisStart) {
  RoundProgress progress{
      .round = 30, .rounds = 40, .silos = 2, .total_seconds = 60.0, .first_seconds = 20.0, .rounds_here = 5};
  EXPECT_EQ(progress_line(progress), "round 30/40  1 min 40 s left │ train 0.0 ms  sum 0.0 ms  2 silos  6 rounds/min");
  progress.rounds_here = 1;  // the start-up says nothing of what comes
  EXPECT_EQ(progress_line(progress), "round 30/40 │ train 0.0 ms  sum 0.0 ms  2 silos");
}

TEST(Progress, APlainLineIsNeverLongerThanALineOfAPage) {
  RoundProgress longest = last_round();
  longest.round = 99'999;
  longest.rounds = 100'000;
  longest.metric_error = 0.004;
  longest.train_seconds = longest.total_seconds = 12'345.0;
  longest.best_round = 99'999;
  const std::string line = progress_line(longest);
  EXPECT_LE(display_width(line), 119u);
  EXPECT_HAS(line, "12 MB/s");
}

TEST(Progress, FitsEveryWidth) {
  for (std::size_t columns = 12; columns < 110; ++columns) {
    const std::string line = progress_line(last_round(), columns);
    EXPECT_LE(display_width(line), columns);
    EXPECT_EQ(line.find("round 40/40"), 0u);
  }
}

std::string drawn(std::size_t columns) {
  std::FILE* const stream = std::tmpfile();
  {
    Progress progress(stream, columns);
    progress.show(last_round());
    progress.show(last_round());
  }
  std::string text(static_cast<std::size_t>(std::ftell(stream)), '\0');
  std::rewind(stream);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), stream), text.size());
  std::fclose(stream);
  return text;
}

TEST(Progress, DrawsOneLiveLineOrOneLineARound) {
  const std::string line = progress_line(last_round());
  EXPECT_EQ(drawn(0), line + "\n" + line + "\n");
  const std::string wide = progress_line(last_round(), 199);
  EXPECT_HAS(wide, "best round 31  2000 rounds/min");
  EXPECT_EQ(drawn(200), "\r\x1b[K" + wide + "\r\x1b[K" + wide + "\n");
}

TEST(Progress, AStreamThatCannotBeWrittenIsPassedOver) {
  std::FILE* const full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  Progress progress(full, 0);
  EXPECT_NO_THROW(progress.show(last_round()));
  progress.finish();
  show_text(full, "text");
  std::fclose(full);
}

TEST(Progress, BelievesTheSupervisorAndCi) {
  for (const char* variable : {"CI", "TERM", "OMPI_COMM_WORLD_SIZE", kColumnsVariable}) ::unsetenv(variable);
  ::setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  EXPECT_EQ(live_columns(), 0u);  // mpirun's terminal is not the user's
  ::setenv(kColumnsVariable, "132", 1);
  EXPECT_EQ(live_columns(), 132u);
  ::setenv("TERM", "dumb", 1);
  EXPECT_EQ(live_columns(), 0u);
  ::setenv("TERM", "xterm", 1);
  ::setenv("CI", "true", 1);
  EXPECT_EQ(live_columns(), 0u);
}

FinalTable heart() {
  const TableCell few{{}, "2 rows without disease, too few to rank"};
  const auto cell = [](double value) { return TableCell{Measured{value, value - 0.072, value + 0.058}, {}}; };
  return {.title = "AUC on test rows",
          .columns = {"cleveland", "switzerland", "va", "all"},
          .rows_tested = {76, 31, 50, 231},
          .rows = {{"federated", {cell(0.886), few, cell(0.741), cell(0.874)}},
                   {"own data only", {cell(0.881), few, cell(0.702), {}}},
                   {"pooled (not private)", {cell(0.889), few, cell(0.744), cell(0.875)}}}};
}

TEST(FinalTable, ShowsWhatFederatingWasWorth) {
  EXPECT_EQ(final_table_text(heart()),
            "AUC on test rows      cleveland  switzerland         va        all\n"
            "rows tested                  76           31         50        231\n"
            "federated                 0.886            –      0.741      0.874\n"
            "  95 % interval       0.81–0.94               0.67–0.80  0.80–0.93\n"
            "own data only             0.881            –      0.702          –\n"
            "  95 % interval       0.81–0.94               0.63–0.76\n"
            "pooled (not private)      0.889            –      0.744      0.875\n"
            "  95 % interval       0.82–0.95               0.67–0.80  0.80–0.93\n"
            "– switzerland: 2 rows without disease, too few to rank\n");
}

TEST(FinalTable, GoesOnBelowWhenItIsTooWide) {
  const std::string text = final_table_text(heart(), 50);
  EXPECT_NE(text.find("AUC on test rows      cleveland  switzerland\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n\nAUC on test rows             va        all\n"), std::string::npos) << text;
  EXPECT_NE(final_table_text(heart(), 1).find("cleveland\n"), std::string::npos);  // one column at least
}

}  // namespace
}  // namespace crossilo
