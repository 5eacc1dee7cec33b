// Aim: the tables and the watched numbers of a run folder say what its rounds were, also after a run went on.
// Method: rounds with made-up numbers; files compared whole, and metrics.prom read by a small parser of its format.
#include "crossilo/io/round_files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "crossilo/base/error.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/summary.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

class RoundFilesTest : public testing::Test {
 protected:
  [[nodiscard]] std::string read(const std::string& name) const { return TemporaryFolder::read(run_.file(name)); }
  [[nodiscard]] RoundFiles files(std::uint32_t resumed) {
    return {run_,
            {.rounds = 40, .resumed = {resumed}, .rank_silos = {"va", "a, b and \"c\""}, .warn = [this](auto& text) {
               warnings_.push_back(text);
             }}};
  }
  /// The line of a round.
  static std::string line(std::uint32_t round, double loss) {
    return json_line({{"round", std::int64_t{round}},
                      {"unix_seconds", 1000.0 + round},
                      {"mask", "pairwise"},
                      {"bytes_sent", std::int64_t{100}},
                      {"fastest_sum_seconds", 0.125},
                      {"held_back_loss", loss},
                      {"test_auc", std::numeric_limits<double>::quiet_NaN()},
                      {"best_round", std::int64_t{1}}});
  }
  static SlowestRanks slowest(std::uint32_t round) {
    SlowestRanks slowest{.round = {round}, .seconds_max = {0.25, 0, 0, 0.5, 0, 0, 0}};
    slowest.rank[kTrainPhase] = 1;
    return slowest;
  }

  TemporaryFolder folder_;
  RunFolder run_ = RunFolder::create(folder_.path(), "heart");
  std::vector<std::string> warnings_;
};

std::string timing_rows(int round) {
  const std::string begin = std::to_string(round) + ",";
  return begin + "train,0.25,\"a, b and \"\"c\"\"\",,,\n" + begin + "encode,0,va,,,\n" + begin + "mask,0,va,,,\n" +
         begin + "sum,0.5,va,,,\n" + begin + "decode,0,va,,,\n" + begin + "evaluate,0,va,,,\n" + begin +
         "checkpoint,0,va,,,\n";
}

constexpr const char* kColumns =
    "round,unix_seconds,mask,bytes_sent,fastest_sum_seconds,held_back_loss,test_auc,best_round\n";
constexpr const char* kTimingColumns = "round,phase,seconds_max,silo,sites,round_trip_seconds,bytes_per_second\n";

TEST_F(RoundFilesTest, TheTablesHaveARowForEachRound) {
  RoundFiles round_files = files(0);
  EXPECT_EQ(read("metrics.csv"), "");
  round_files.append(line(1, 0.75), slowest(1));
  round_files.append(line(2, 0.5), slowest(2));
  EXPECT_EQ(read("metrics.jsonl"), line(1, 0.75) + line(2, 0.5));
  EXPECT_EQ(read("metrics.csv"),
            std::string(kColumns) + "1,1001.0,pairwise,100,0.125,0.75,,1\n2,1002.0,pairwise,100,0.125,0.5,,1\n");
  EXPECT_EQ(read("timing.csv"), kTimingColumns + timing_rows(1) + timing_rows(2));
}

TEST_F(RoundFilesTest, AStartThatGoesOnTellsTheRoundsFromThereAnew) {
  {
    RoundFiles round_files = files(0);
    for (std::uint32_t round = 1; round <= 4; ++round) round_files.append(line(round, 9.0), slowest(round));
  }
  std::ofstream(run_.file("timing.csv"), std::ios::app) << "2,train,0.125,v";  // a crash in the middle of a row
  RoundFiles round_files = files(2);
  EXPECT_EQ(read("metrics.csv"), std::string(kColumns) + "1,1001.0,pairwise,100,0.125,9.0,,1\n");
  // The checkpoint of round 2 knows its line without its evaluation; its times were told when round 3 was opened.
  round_files.append(line(2, 0.5), {.round = {2}});
  round_files.close();
  EXPECT_HAS(read("metrics.prom"), "crossilo_train_seconds{run=\"heart-1\"} 0.25\n");
  round_files.append(line(3, 0.25), slowest(3));
  EXPECT_EQ(read("metrics.csv"), std::string(kColumns) +
                                     "1,1001.0,pairwise,100,0.125,9.0,,1\n2,1002.0,pairwise,100,0.125,0.5,,1\n3,1003.0,"
                                     "pairwise,100,0.125,0.25,,1\n");
  EXPECT_EQ(read("timing.csv"), kTimingColumns + timing_rows(1) + timing_rows(2) + timing_rows(3));
  EXPECT_EQ(phase_totals(run_.file("timing.csv"), warnings_).front(), std::pair(std::string("train"), 0.75));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(RoundFilesTest, LinksAreRowsOfTheirRoundAndNoPhase) {
  const std::vector<std::string> sites = {"east", "north", "west"};
  const auto append_links = [&](RoundFiles& round_files, std::uint32_t round) {
    round_files.append_links(
        {round},
        std::vector<SiteLink>{{.site = 0, .other_site = 1, .round_trip_seconds = 0.0502},
                              {.site = 0, .other_site = 2, .round_trip_seconds = 1e-5, .bytes_per_second = 117e6},
                              {.site = 1, .other_site = 2}},
        sites);
  };
  const auto link_rows = [](int round) {
    const std::string begin = std::to_string(round) + ",link,,,";
    return begin + "east - north,0.0502,\n" + begin + "east - west,1e-05,1.17e+08\n" + begin + "north - west,,\n";
  };
  {
    RoundFiles round_files = files(0);
    append_links(round_files, 1);
    for (std::uint32_t round = 1; round <= 3; ++round) round_files.append(line(round, 0.5), slowest(round));
  }
  EXPECT_EQ(read("timing.csv"), kTimingColumns + link_rows(1) + timing_rows(1) + timing_rows(2) + timing_rows(3));
  EXPECT_EQ(phase_seconds(run_.file("timing.csv"), {1}).size(), kPhases.size());
  RoundFiles round_files = files(1);
  append_links(round_files, 2);
  EXPECT_EQ(read("timing.csv"), kTimingColumns + link_rows(1) + timing_rows(1) + link_rows(2));
  EXPECT_EQ(phase_totals(run_.file("timing.csv"), warnings_).front(), std::pair(std::string("train"), 0.25));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(RoundFilesTest, TimesThatNobodyKnowsAreNowhereZero) {
  {
    RoundFiles round_files = files(0);
    round_files.append(line(1, 9.0), slowest(1));
  }
  std::filesystem::remove_all(run_.file("tensorboard"));
  RoundFiles round_files = files(2);  // killed before round 3 was opened
  round_files.append(line(2, 0.5), {.round = {2}});
  round_files.close();
  EXPECT_HAS(read("metrics.prom"), "crossilo_round{run=\"heart-1\"} 2\n");
  EXPECT_EQ(read("metrics.prom").find("_train_seconds"), std::string::npos);
  EXPECT_EQ(read("timing.csv"), kTimingColumns + timing_rows(1));
  const auto events =
      TemporaryFolder::read(std::filesystem::directory_iterator(run_.file("tensorboard"))->path().string());
  EXPECT_HAS(events, "loss/held_back");
  EXPECT_EQ(events.find("seconds/train"), std::string::npos);
}

TEST_F(RoundFilesTest, AFileBesideMetricsJsonlIsGivenUpWithOneWarning) {
  for (const char* name : {"metrics.csv", "timing.csv", "metrics.prom"})
    std::filesystem::create_directory(run_.file(name));
  std::ofstream(run_.file("tensorboard")) << "no folder";
  RoundFiles round_files = files(0);
  for (std::uint32_t round = 1; round <= 3; ++round) round_files.append(line(round, 0.5), slowest(round));
  round_files.close();
  EXPECT_EQ(read("metrics.jsonl"), line(1, 0.5) + line(2, 0.5) + line(3, 0.5));
  ASSERT_EQ(warnings_.size(), 4u);
  EXPECT_HAS(warnings_[0], "metrics.csv");
  EXPECT_HAS(warnings_[1], "timing.csv");
  EXPECT_HAS(warnings_[2], "tensorboard");
  EXPECT_HAS(warnings_[3], "metrics.prom");
  EXPECT_HAS(warnings_[3], "training goes on");
  EXPECT_FALSE(std::filesystem::exists(run_.file("metrics.prom.tmp")));
}

/// As long as it lives, no file of this process grows beyond so many bytes: a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uintmax_t bytes) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit small{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

TEST_F(RoundFilesTest, ADiskThatIsFullForAWhileCostsNoRound) {
  RoundFiles round_files = files(0);
  round_files.append(line(1, 0.5), slowest(1));
  {
    const FullDisk full(std::filesystem::file_size(run_.file("metrics.jsonl")) +
                        10);  // ten bytes of a line can be written
    for (std::uint32_t round = 2; round <= 3; ++round) round_files.append(line(round, 0.5), slowest(round));
  }
  EXPECT_FALSE(round_files.is_whole());
  EXPECT_EQ(read("metrics.jsonl"), line(1, 0.5));
  EXPECT_HAS(warnings_.front(), "metrics.jsonl: writing failed: File too large; the round's line is kept");
  round_files.append(line(4, 0.5), slowest(4));
  EXPECT_TRUE(round_files.is_whole());
  EXPECT_EQ(read("metrics.jsonl"), line(1, 0.5) + line(2, 0.5) + line(3, 0.5) + line(4, 0.5));
  const FullDisk full(0);
  for (std::uint32_t round = 5; round <= 6; ++round) round_files.append(line(round, 0.5), slowest(round));
  EXPECT_HAS(error_text<StorageError>([&] { round_files.append(line(7, 0.5), slowest(7)); }), "(3 times in a row)");
}

TEST_F(RoundFilesTest, ALineThatIsNoRowOfTimesIsNamed) {
  std::ofstream(run_.file("timing.csv")) << kTimingColumns << "two,train,0.5,va\n1,train,0.25,va\ngarbage\n";
  EXPECT_EQ(phase_totals(run_.file("timing.csv"), warnings_).front(), std::pair(std::string("train"), 0.25));
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_HAS(warnings_[0], "timing.csv: 2 lines are passed over");
  EXPECT_HAS(warnings_[0], "two,train");
}

/// Value by name; the text must be what node_exporter takes: HELP, TYPE, then the sample of the same name.
std::map<std::string, double> parsed(const std::string& text) {
  static const std::regex help("# HELP ([a-z_]+) [A-Z][^\\n]*\\.");
  static const std::regex type("# TYPE ([a-z_]+) (gauge|counter)");
  static const std::regex sample("([a-z_]+)\\{run=\"((?:[^\"\\\\]|\\\\.)*)\"\\} (\\S+)");
  std::map<std::string, double> values;
  std::istringstream lines(text);
  std::string first, second, third;
  std::smatch helped, typed, sampled;
  while (std::getline(lines, first) && std::getline(lines, second) && std::getline(lines, third)) {
    const bool is_right = std::regex_match(first, helped, help) && std::regex_match(second, typed, type) &&
                          std::regex_match(third, sampled, sample);
    EXPECT_TRUE(is_right) << first << "\n" << second << "\n" << third;
    if (!is_right) break;
    EXPECT_EQ(helped[1], typed[1]);
    EXPECT_EQ(helped[1], sampled[1]);
    EXPECT_TRUE(values.emplace(sampled[1], std::stod(sampled[3])).second) << "twice: " << sampled[1];
  }
  return values;
}

TEST_F(RoundFilesTest, WhoWatchesSeesTheLastRound) {
  RoundFiles round_files = files(0);
  round_files.append(line(1, 0.75), slowest(1));
  round_files.append(line(2, 0.5), slowest(2));
  round_files.close();
  EXPECT_HAS(read("metrics.prom"), "crossilo_held_back_loss{run=\"heart-1\"} 0.5\n");
  const std::map<std::string, double> values = parsed(read("metrics.prom"));
  EXPECT_EQ(values.at("crossilo_round"), 2.0);
  EXPECT_EQ(values.at("crossilo_rounds"), 40.0);
  EXPECT_EQ(values.at("crossilo_bytes_sent_total"), 200.0);
  EXPECT_EQ(values.at("crossilo_train_seconds"), 0.25);
  EXPECT_EQ(values.at("crossilo_sum_seconds"), 0.5);
  EXPECT_EQ(values.at("crossilo_sum_bytes_per_second"), 800.0);
  EXPECT_EQ(values.at("crossilo_round_end_unix_seconds"), 1002.0);
  EXPECT_EQ(values.count("crossilo_test_auc"), 0u);  // this run has none
}

TEST(Prometheus, EscapesLabelsAndKnowsNumbersThatAreNone) {
  const std::string text = prometheus_text({{"crossilo_round", "Last finished round.", 1e300 * 1e300}}, "a\"b\\c\nd");
  EXPECT_EQ(text,
            "# HELP crossilo_round Last finished round.\n# TYPE crossilo_round gauge\n"
            "crossilo_round{run=\"a\\\"b\\\\c\\nd\"} +Inf\n");
}

TEST(Prometheus, ReplacesItsFileOnceASecondAtMost) {
  const TemporaryFolder folder;
  VirtualClock clock;
  PrometheusFile file(folder.path("metrics.prom"), clock);
  EXPECT_TRUE(file.is_due());
  file.replace("one\n");
  clock.advance_seconds(0.9);
  EXPECT_FALSE(file.is_due());
  clock.advance_seconds(0.2);
  EXPECT_TRUE(file.is_due());
  file.replace("two\n");
  EXPECT_EQ(TemporaryFolder::read(folder.path("metrics.prom")), "two\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path("metrics.prom.tmp")));
  PrometheusFile nowhere(folder.path("missing/metrics.prom"), clock);
  EXPECT_HAS(error_text<StorageError>([&] { nowhere.replace("three\n"); }), "missing/metrics.prom");
}

TEST_F(RoundFilesTest, TheSummaryTellsOfAllStarts) {
  Manifest manifest{.name = "heart", .rounds = 40};
  manifest.starts.push_back({.started_unix_seconds = 100.0, .ended_unix_seconds = 130.0});
  manifest.starts.push_back({.started_unix_seconds = 200.0, .ended_unix_seconds = 205.0});
  manifest.starts.back().outcome = Outcome{.exit_code = ExitCode::requeue, .text = "", .silo = ""};
  write_manifest(run_, manifest);
  {
    RoundFiles round_files = files(0);
    for (std::uint32_t round = 1; round <= 3; ++round) round_files.append(line(round, 0.5), slowest(round));
  }
  const SummaryFacts facts{.rounds = {3},
                           .best_round = {2},
                           .best = {{"held_back_loss", 0.25}},
                           .last = {{"held_back_loss", std::numeric_limits<double>::infinity()}}};
  auto json = nlohmann::json::parse(summary_text(run_, facts, warnings_));
  EXPECT_EQ(json["run"], run_.path());
  EXPECT_EQ(json["name"], "heart");
  EXPECT_EQ(json["status"], "stopped, to be started again");
  EXPECT_EQ(json["rounds"], 3);
  EXPECT_EQ(json["starts"], 2);
  EXPECT_EQ(json["best"]["round"], 2);
  EXPECT_EQ(json["best"]["held_back_loss"], 0.25);
  EXPECT_EQ(json["best"]["model"], run_.file("model/global.safetensors"));
  EXPECT_TRUE(json["last"]["held_back_loss"].is_null());
  EXPECT_EQ(json["seconds"]["all"], 35.0);
  EXPECT_EQ(json["seconds"]["train"], 0.75);
  EXPECT_EQ(json["bytes_sent"], 300);
  EXPECT_EQ(json["sum_bytes_per_second"], 800.0);
  EXPECT_TRUE(json["comparison"].is_null());
  std::ofstream(run_.file("comparison.json")) << R"({"metric": "auc"})";
  EXPECT_EQ(nlohmann::json::parse(summary_text(run_, facts, warnings_))["comparison"]["metric"], "auc");
  remove_summary(run_);
  EXPECT_FALSE(std::filesystem::exists(run_.file("comparison.json")));
}

}  // namespace
}  // namespace crossilo
