// Aim: a run folder is told as it is, whatever is missing or damaged in it, on a page that nothing can break out of.
// Method: made-up folders; their summaries compared with what was put in, their pages read by a small tag checker.
#include "crossilo/io/report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "../../src/io/report_chart.hpp"
#include "../../src/io/report_sections.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/run_lock.hpp"
#include "crossilo/io/summary.hpp"
#include "html_fault.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;

class ReportTest : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(parent_); }
  void TearDown() override { fs::remove_all(parent_); }

  static void write(const RunFolder& folder, const std::string& name, const std::string& text) {
    std::ofstream(folder.file(name)) << text;
  }

  /// A line of the round, its losses falling, its accuracy rising.
  static std::string line(int round, double loss) {
    return json_line({{"round", std::int64_t{round}},
                      {"unix_seconds", 1000.0 + round},
                      {"mask", std::string("pairwise")},
                      {"noise", std::string("none")},
                      {"lane_bits", std::int64_t{32}},
                      {"train_seconds", 0.5},
                      {"sum_seconds", 0.25},
                      {"bytes_sent", std::int64_t{1000}},
                      {"held_back_loss", loss},
                      {"held_back_accuracy", 1.0 - loss},
                      {"held_back_auc", kUnknown},
                      {"test_loss", loss},
                      {"test_accuracy", 1.0 - loss}});
  }

  [[nodiscard]] RunFolder run(std::optional<ExitCode> ended, const std::string& silo = "b") const {
    RunFolder folder = RunFolder::create(parent_, "heart");
    Manifest manifest{.name = "heart", .seed = 7, .rounds = 3, .silos = {"a", silo}, .libraries = {{"MPI", "4.1"}}};
    manifest.starts.push_back({.started_unix_seconds = 1000.0,
                               .version = "0.1.0",
                               .command = "crossilo train x.ini --run_folder 'runs/my heart-1' --quiet",
                               .ranks = {{.rank = 0, .host = "n1", .silos = {"a", silo}}}});
    if (ended) manifest.starts.back().outcome = Outcome{.exit_code = *ended, .text = "", .silo = ""};
    if (ended) manifest.starts.back().ended_unix_seconds = 1010.0;
    write_manifest(folder, manifest);
    write(folder, "config.ini", "[run]\nrounds = 3\n[train]\nlearning_rate = 0.1\n");
    write(folder, "metrics.jsonl", line(1, 0.5) + line(2, 0.3) + line(3, 0.4));
    return folder;
  }

  const std::string parent_ = testing::TempDir() + "crossilo_report_test";
};

nlohmann::json cell(const char* metric, double value) {
  return {{metric, value}, {"low", value - 0.1}, {"high", value + 0.1}};
}

std::string comparison(const char* metric, const std::string& silo) {
  return nlohmann::json({{"metric", metric},
                         {"silos", {"a", silo}},
                         {"test_rows", {30, 10}},
                         {"federated", {cell(metric, 0.8), cell(metric, 0.6), cell(metric, 0.7)}},
                         {"own", {cell(metric, 0.5), {{metric, nullptr}, {"reason", "2 rows, too few"}}}},
                         {"pooled", {cell(metric, 0.8), cell(metric, 0.6), cell(metric, 0.9)}},
                         {"federated_minus_own", {{{metric, 0.3}, {"low", 0.2}, {"high", 0.4}}, nullptr}},
                         {"federated_minus_pooled", {{metric, -0.2}, {"low", -0.3}, {"high", -0.1}}}})
      .dump();
}

TEST_F(ReportTest, TellsTheSitesWhereThereAreSeveral) {
  const RunFolder folder = run(ExitCode::success);
  EXPECT_EQ(report_html(run_summary(folder.path())).find(">site<"), std::string::npos);
  Manifest manifest = *read_manifest(folder);
  manifest.starts.front().ranks.front().site = "north";
  write_manifest(folder, manifest);
  EXPECT_NE(report_html(run_summary(folder.path())).find("north"), std::string::npos);
}

TEST_F(ReportTest, TellsAWholeRun) {
  const RunFolder folder = run(ExitCode::success);
  write(folder, "comparison.json", comparison("accuracy", "b"));
  const RunSummary summary = run_summary(folder.path());
  EXPECT_EQ(summary.status, "finished");
  EXPECT_EQ(summary.metric, "accuracy");
  ASSERT_EQ(summary.rounds.size(), 3u);
  ASSERT_TRUE(summary.best);
  EXPECT_EQ(summary.best->round, 2u);
  EXPECT_EQ(summary.final_metric(), 0.7);
  EXPECT_EQ(summary.seconds(), 10.0);
  EXPECT_TRUE(summary.notes.empty()) << summary.notes.front();
  const std::string html = report_html(summary);
  EXPECT_EQ(fault_of(html), "");
  for (const char* text :
       {"accuracy 0.700", "on 40 test rows of 2 silos", "would be better", "Least gains a: +0.300", "2 rows, too few",
        "1000 bytes a round, 3000 bytes in all", "<pre>crossilo train /", "/heart-1/config.ini --simulate --np 1</pre>",
        "It was started as:", "crossilo train x.ini --quiet --np 1", "learning_rate = 0.1", "None in the logs"})
    EXPECT_NE(html.find(text), std::string::npos) << text;
}

TEST_F(ReportTest, EscapesWhateverItShows) {
  const std::string evil = "</svg><script>alert(1)</script>\"'&\xff";
  const RunFolder folder = run(ExitCode::peer_lost, evil);
  write(folder, "comparison.json", comparison("auc", "</svg><script>alert(1)</script>\"'&"));
  write(folder, "config.ini", "[model]\nname = \"" + evil + "\"\n");
  fs::create_directories(folder.file("logs"));
  write(folder, "logs/a.log", "2026-01-01T00:00:00.000Z warning silo a: " + evil + "\n");
  const RunSummary summary = run_summary(folder.path());
  EXPECT_EQ(fault_of(report_html(summary)), "");
  EXPECT_EQ(fault_of(compare_html({summary, summary})), "");
  EXPECT_NE(report_html(summary).find("a silo was lost"), std::string::npos);
}

TEST_F(ReportTest, LeavesDamagedLinesOutAndCountsThem) {
  const RunFolder folder = run(ExitCode::success);
  write(folder, "metrics.jsonl",
        line(1, 0.5) + "{\"round\": 2, \"held_\n" + "[]\n{\"round\": -1}\n{\"round\": \"x\"}\n" + line(3, 0.25) +
            line(1, 0.125) + "{\"round\":4");
  write(folder, "comparison.json", "{");
  write(folder, "manifest.json", "no JSON");
  const RunSummary summary = run_summary(folder.path());
  ASSERT_EQ(summary.rounds.size(), 2u);
  EXPECT_EQ(summary.rounds.front().held_back.loss, 0.125);  // of a round that was trained again the last counts
  ASSERT_EQ(summary.notes.size(), 3u);
  EXPECT_NE(summary.notes.back().find("5 damaged lines are left out"), std::string::npos) << summary.notes.back();
  EXPECT_EQ(fault_of(report_html(summary)), "");
}

TEST_F(ReportTest, TellsARunningRunFromAKilledOne) {
  const RunFolder folder = run(std::nullopt);
  EXPECT_EQ(run_summary(folder.path()).status, "killed");
  const RunLock lock(folder.path(), "job");
  EXPECT_EQ(run_summary(folder.path()).status, "running");
  EXPECT_NE(report_html(run_summary(folder.path())).find("with 3 of 3 rounds on record"), std::string::npos);
}

TEST_F(ReportTest, CountsAKilledStartUpToItsLastRound) {
  const RunFolder folder = run(std::nullopt);
  Manifest manifest = *read_manifest(folder);  // killed after round 2, and killed again before a round was done
  const ManifestStart start = manifest.starts.front();
  for (const double started : {1100.0, 1200.0}) {
    manifest.starts.push_back(start);
    manifest.starts.back().started_unix_seconds = started;
  }
  manifest.starts.back().ended_unix_seconds = 1210.0;
  write_manifest(folder, manifest);
  std::string third = line(3, 0.4);
  third.replace(third.find("1003.0"), 6, "1204.0");
  write(folder, "metrics.jsonl", line(1, 0.5) + line(2, 0.3) + third);
  EXPECT_EQ(run_summary(folder.path()).seconds(), 2.0 + 0.0 + 10.0);
  std::vector<std::string> notes;
  EXPECT_EQ(nlohmann::json::parse(summary_text(folder, {}, notes))["seconds"]["all"], 12.0);
}

TEST_F(ReportTest, NeedsNoFileButTheFolder) {
  const RunFolder folder = RunFolder::create(parent_, "empty");
  const RunSummary summary = run_summary(folder.path());
  EXPECT_TRUE(std::isnan(summary.seconds()));
  EXPECT_EQ(fault_of(report_html(summary)), "");
  EXPECT_EQ(write_report(folder.path()), folder.file("report.html"));
  EXPECT_TRUE(fs::exists(folder.file("report.html")));
  EXPECT_THROW((void)run_summary(parent_ + "/none"), StorageError);
}

TEST_F(ReportTest, DrawsOneRoundAndRoundsThatDiverged) {
  const RunFolder folder = run(ExitCode::diverged);
  for (const std::string& lines :
       {line(1, 0.5), line(1, NAN), line(1, 0.5) + line(2, INFINITY) + line(3, 1e300),
        std::string("{\"round\":4294967295,\"train_seconds\":1e308,\"sum_seconds\":1e308}\n")}) {
    write(folder, "metrics.jsonl", lines);
    EXPECT_EQ(fault_of(report_html(run_summary(folder.path()))), "") << lines;
  }
}

TEST_F(ReportTest, ChoosesTheBestRoundByWhatChoseTheModel) {
  const RunFolder folder = run(ExitCode::success);
  write(folder, "config.ini", "[stop]\nmetric = auc\n");
  std::string lines;
  for (const auto& [round, auc, loss] : {std::tuple(1, 0.7, 0.1), std::tuple(2, 0.9, 0.3), std::tuple(3, 0.9, 0.2)})
    lines += fmt::format("{{\"round\":{},\"held_back_auc\":{},\"held_back_loss\":{},\"test_auc\":{}}}\n", round, auc,
                         loss, auc);
  write(folder, "metrics.jsonl", lines);
  const RunSummary summary = run_summary(folder.path());
  EXPECT_EQ(summary.round_metric, "auc");
  ASSERT_TRUE(summary.best);
  EXPECT_EQ(summary.best->round, 3u);
}

TEST_F(ReportTest, BelievesTheRunOnItsBestRound) {
  const RunFolder folder = run(ExitCode::success);
  const std::string last = R"({"round":3,"held_back_loss":0.1,"best_round":)";
  write(folder, "metrics.jsonl", line(1, 0.5) + line(2, 0.3) + last + "1}\n");
  ASSERT_TRUE(run_summary(folder.path()).best);
  EXPECT_EQ(run_summary(folder.path()).best->round, 1u);
  write(folder, "metrics.jsonl", line(1, 0.5) + line(2, 0.3) + last + "0}\n");
  EXPECT_FALSE(run_summary(folder.path()).best);
}

TEST_F(ReportTest, ALowerErrorIsAGain) {
  const RunFolder folder = run(ExitCode::success);
  write(folder, "comparison.json", comparison("rmse", "b"));
  const auto gain = silo_gain(*run_summary(folder.path()).comparison, 0);
  ASSERT_TRUE(gain);
  EXPECT_EQ(gain->value, -0.3);
  EXPECT_EQ(gain->low, -0.4);
  EXPECT_EQ(gain->high, -0.2);
}

TEST_F(ReportTest, NamesTheSlowestSilos) {
  const RunFolder folder = run(ExitCode::success);
  write(folder, "timing.csv",
        "round,phase,seconds_max,silo\n1,train,2.5,b\n2,train,3.5,b\n3,train,1,a\n3,shuffle,4,\"a, "
        "b\"\n9,train,1,a\nx\n");
  const RunSummary summary = run_summary(folder.path());
  EXPECT_TRUE(summary.phases_are_maxima);
  EXPECT_EQ(summary.phases.back(), "shuffle");
  EXPECT_EQ(summary.rounds[1].phase_seconds[1], 3.5);
  EXPECT_EQ(summary.rounds[2].phase_seconds.back(), 4.0);
  EXPECT_EQ(summary.slowest.front().silo, "b");
  EXPECT_EQ(summary.slowest.front().rounds, 2u);
  EXPECT_NE(report_html(summary).find("b (2)"), std::string::npos);
  EXPECT_NE(report_html(summary).find("numbers last-text"), std::string::npos);
  EXPECT_EQ(fault_of(report_html(summary)), "");
}

TEST_F(ReportTest, TellsTheWaysBetweenSites) {
  const RunFolder folder = run(ExitCode::success);
  EXPECT_EQ(report_html(run_summary(folder.path())).find("between sites"), std::string::npos);
  write(folder, "timing.csv",
        "round,phase,seconds_max,silo,sites,round_trip_seconds,bytes_per_second\n1,link,,,east - west,0.0502,1.17e+08\n"
        "1,link,,,east - <b>,,\n1,train,2.5,\"a, b\",,,\n");
  const RunSummary summary = run_summary(folder.path());
  EXPECT_TRUE(summary.notes.empty()) << summary.notes.front();
  EXPECT_EQ(std::ranges::count(summary.phases, "link"), 0);
  EXPECT_EQ(summary.slowest.front().silo, "a, b");
  const std::string html = report_html(summary);
  EXPECT_NE(html.find("<td>east - west</td><td>50 ms</td><td>117 MB/s</td><td>1</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>east - &lt;b&gt;</td><td>–</td><td>–</td><td>1</td>"), std::string::npos);
  EXPECT_EQ(fault_of(html), "");
}

/// A line of 10 s that a sum of 4 s ended, of which 0.5 s were no waiting.
std::string waiting_line(int round) {
  return fmt::format(
      "{{\"round\":{},\"unix_seconds\":{},\"open_seconds\":1.0,\"train_seconds\":5.0,\"sum_seconds\":4.0,"
      "\"fastest_sum_seconds\":0.5}}\n",
      round, 1000 + 10 * round);
}

TEST_F(ReportTest, TellsWaitingFromSumming) {
  const RunFolder folder = run(ExitCode::success);
  write(folder, "metrics.jsonl", waiting_line(1) + waiting_line(2));
  const RunSummary own = run_summary(folder.path());
  ASSERT_EQ(own.phases.back(), "waiting");
  EXPECT_EQ(own.rounds[0].phase_seconds.back(), 4.5);
  EXPECT_EQ(own.rounds[0].phase_seconds[3], 0.5) << own.phases[3];
  const std::string cells = "<td>waiting</td><td>9.0 s</td><td>";
  EXPECT_NE(report_html(own).find(cells + "45 %"), std::string::npos);
  write(folder, "timing.csv", "round,phase,seconds_max,silo\n1,train,9,b\n2,train,9,b\n1,sum,4.5,a\n2,sum,4.5,a\n");
  const std::string html = report_html(run_summary(folder.path()));
  EXPECT_NE(html.find("<td>waiting</td><td>10 s</td><td>–"), std::string::npos);  // while b trained
  EXPECT_NE(html.find("<td>train</td><td>18 s</td><td>95 %"), std::string::npos);
  EXPECT_NE(html.find("a (2)"), std::string::npos);
}

TEST_F(ReportTest, TheLongestRoundIsTheOneThatTookLongestByTheClock) {
  const RunFolder folder = run(ExitCode::success);
  Manifest manifest = *read_manifest(folder);
  manifest.starts.push_back(manifest.starts.front());
  manifest.starts.back().started_unix_seconds = 1050.0;
  write_manifest(folder, manifest);
  std::string lines;
  for (const auto& [round, at] : {std::pair(1, 1010), std::pair(2, 1014), std::pair(3, 1017), std::pair(4, 1060)})
    lines += fmt::format("{{\"round\":{},\"unix_seconds\":{},\"train_seconds\":{}}}\n", round, at, 9 - round);
  write(folder, "metrics.jsonl", lines);
  write(folder, "comparison.json", comparison("accuracy", "b"));
  const std::string html = report_html(run_summary(folder.path()));
  EXPECT_NE(html.find("The longest round but a start’s first, 2, took 4.0 s."), std::string::npos);
  EXPECT_NE(html.find(" for 4 rounds, with the comparison."), std::string::npos);
}

TEST_F(ReportTest, PutsWarningsTogetherThatDifferInNumbersOnly) {
  const RunFolder folder = run(ExitCode::success);
  std::string log = "2026-01-01T00:00:00.000Z info silo a: started\nno line of a log\n";
  for (int round = 1; round <= 3; ++round)
    log +=
        fmt::format("2026-01-01T00:00:0{}.000Z warning silo a, round {}: {} were clamped\n", round, round, 10 * round);
  write(folder, "logs/a.log", log + "2026-01-01T00:00:09.000Z error silo a: gone\n");
  const RunSummary summary = run_summary(folder.path());
  ASSERT_EQ(summary.warnings.size(), 2u);
  EXPECT_EQ(summary.warnings[0].text, "silo a, round 1: 10 were clamped");
  EXPECT_EQ(summary.warnings[0].times, 3u);
  EXPECT_EQ(summary.warnings[1].level, "error");
}

TEST_F(ReportTest, KeepsWarningsOfSilosApartWhoseNamesDifferInDigits) {
  const RunFolder folder = run(ExitCode::success);
  std::string log;
  for (const int silo : {1, 2})
    for (const int round : {4, 5})
      log += fmt::format("2026-01-01T00:00:00.000Z warning silo s-{0}, round {1}: round {1}: 1.5 of 4 abstained\n",
                         silo, round);
  log += "2026-01-01T00:00:00.000Z warning silo 7: silo s1 is late by 3 s\n";
  log += "2026-01-01T00:00:00.000Z warning silo 7: silo s2 is late by -3 s\n";
  log += "2026-01-01T00:00:00.000Z warning silo 8: silo s2 is late by 4 s\n";
  write(folder, "logs/a.log", log);
  const RunSummary summary = run_summary(folder.path());
  ASSERT_EQ(summary.warnings.size(), 5u);
  EXPECT_EQ(summary.warnings[0].text, "silo s-1, round 4: 1.5 of 4 abstained");
  EXPECT_EQ(summary.warnings[0].times, 2u);
  EXPECT_EQ(summary.warnings[1].text, "silo s-2, round 4: 1.5 of 4 abstained");
}

TEST_F(ReportTest, TellsTheOutcomeWhereNoLogDoes) {
  const RunFolder folder = run(std::nullopt);
  folder.write_outcome({.exit_code = ExitCode::peer_lost, .text = "silo b died in round 3", .silo = "b"});
  ASSERT_EQ(run_summary(folder.path()).warnings.size(), 1u);
  EXPECT_EQ(run_summary(folder.path()).warnings[0].text, "silo b died in round 3");
  EXPECT_EQ(run_summary(folder.path()).warnings[0].level, "error");
  write(folder, "logs/a.log", "2026-01-01T00:00:09.000Z error silo a, round 3: silo b died in round 3\n");
  EXPECT_EQ(run_summary(folder.path()).warnings.size(), 1u);
}

TEST_F(ReportTest, ComparesRunsByAMetricThatAllHave) {
  const RunFolder whole = run(ExitCode::success);
  const RunFolder stopped = run(ExitCode::requeue);
  write(whole, "metrics.jsonl", line(1, 0.5) + line(2, 0.2));
  write(whole, "comparison.json", comparison("auc", "b"));
  const std::vector<RunSummary> runs = comparable_runs({run_summary(whole.path()), run_summary(stopped.path())});
  EXPECT_EQ(runs[0].metric, "accuracy");
  EXPECT_EQ(runs[0].final_metric(), 0.8);  // of its best round, as the stopped run's
  EXPECT_EQ(runs[1].final_metric(), 0.7);
  EXPECT_EQ(compare_html(runs).find("AUC"), std::string::npos);
  const RunSummary alone = run_summary(whole.path());
  EXPECT_EQ(comparable_runs({alone, alone})[0].metric, "auc");
}

TEST_F(ReportTest, ComparesSettings) {
  const RunFolder one = run(ExitCode::success);
  const RunFolder two = run(ExitCode::success);
  write(two, "config.ini", "[run]\nrounds = 3\n[train]\nlearning_rate = 0.2\nmomentum = 0.9\n");
  const auto settings = differing_settings({run_summary(one.path()), run_summary(two.path())});
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings[0].first, "train.learning_rate");
  EXPECT_EQ(settings[0].second, (std::vector<std::string>{"0.1", "0.2"}));
  EXPECT_EQ(settings[1].second, (std::vector<std::string>{"–", "0.9"}));
}

TEST(ReportChart, ThinsOutButKeepsTheExtremes) {
  ChartPoints points;
  for (int i = 0; i < 100000; ++i)
    points.emplace_back(i, i == 31415 ? 9.0 : i == 27182 ? -9.0 : i % 3 == 0 ? NAN : 0.5);
  const ChartPoints kept = thinned(points);
  EXPECT_LE(kept.size(), 500u);
  std::set<double> values;
  for (const auto& [x, y] : kept) values.insert(y);
  EXPECT_EQ(values, (std::set<double>{-9.0, 0.5, 9.0}));
  EXPECT_EQ(kept.front().first, 1.0);
  EXPECT_EQ(kept.back().first, 99998.0);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_EQ(thinned({}).size(), 0u);
}

TEST(ReportChart, TicksAreRoundAndWithinTheAxis) {
  EXPECT_EQ(axis_ticks(0.0, 1.0, 5).values, (std::vector<double>{0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0}));
  EXPECT_EQ(axis_ticks(0.0, 1.0, 5).digits, 1);
  EXPECT_EQ(axis_ticks(1.0, 3.0, 6, true).values, (std::vector<double>{1.0, 2.0, 3.0}));
  for (const double low : {-1e300, -5.0, 0.0, 1.0, 1e15})
    for (const double width : {1e-300, 1e-9, 1e-3, 7.0, 1e6, 1e300}) {
      const AxisTicks ticks = axis_ticks(low, low + width, 6);
      EXPECT_LE(ticks.values.size(), 8u);
      for (const double value : ticks.values) EXPECT_LE(value, low + width * 1.01) << low << " " << width;
    }
}

}  // namespace
}  // namespace crossilo
