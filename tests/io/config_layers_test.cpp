// Aim: the command line beats the environment, that the silo's own file, that the shared file, that the default;
// whatever is wrong in any of them, or with a file itself, is said at once with its place. Method: files in a temporary
// folder and made-up environments; the scripts' variables against the reserved ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "../data/temporary_folder.hpp"
#include "config_example.hpp"

namespace crossilo {
namespace {

class ConfigLayers : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) const { return folder_.write(name, text); }
  std::string said_of(const std::string& text) const {
    const std::string path = file("c.ini", text);
    std::string said = mistakes_of([&] { return load_config(path); });
    for (std::size_t at = said.find(path); at != std::string::npos; at = said.find(path))
      said.replace(at, path.size(), "c.ini");
    return said;
  }

  std::string said_of_variable(const std::string& name) const {
    return mistakes_of([&] { return load_config({.path = shared_, .environment = {{name, "1"}}}); });
  }

  TemporaryFolder folder_;
  const std::string shared_ = file("shared.ini", kSmall);
};

TEST_F(ConfigLayers, TheStrongestOneDecides) {
  const std::string own = file("own.ini", "[data]\npath = own.h5\n[run]\nsilo = a\n");
  const NamedTexts environment{{"CROSSILO_DATA_PATH", "env.h5"}, {"CROSSILO_TRAIN_BATCH_SIZE", "8"}, {"PATH", "/bin"}};
  const NamedTexts line{{"train.batch_size", "4"}};
  ConfigRequest request{.path = shared_};
  const auto path_and_origin = [&] {
    const LoadedConfig loaded = load_config(request);
    return std::pair(loaded.config.data.path, loaded.origins.at("data.path"));
  };
  EXPECT_EQ(path_and_origin(), std::pair(std::string("x # {silo};.h5"), shared_ + ":6"));
  request.own_path = own;
  EXPECT_EQ(path_and_origin(), std::pair(std::string("own.h5"), own + ":2"));
  request.environment = environment;
  EXPECT_EQ(path_and_origin(), std::pair(std::string("env.h5"), std::string("CROSSILO_DATA_PATH")));
  EXPECT_EQ(load_config(request).config.train.batch_size, 8u);
  request.command_line = line;
  const LoadedConfig loaded = load_config(request);
  EXPECT_EQ(loaded.config.train.batch_size, 4u);
  EXPECT_EQ(loaded.origins.at("train.batch_size"), "--train.batch_size");
  EXPECT_EQ(loaded.origins.at("run.silo"), own + ":4");
  EXPECT_EQ(loaded.origins.at("train.momentum"), "default");
  EXPECT_EQ(loaded.origins.size(), all_settings(loaded.config).size());
}

TEST_F(ConfigLayers, TheEnvironmentNamesSiloAndOwnFile) {
  const std::string own = file("own.ini", "[data]\npath = own.h5\n");
  const NamedTexts environment{{"CROSSILO_OWN_CONFIG", own}, {"CROSSILO_SILO", "b-1"}};
  const LoadedConfig loaded = load_config({.path = shared_, .environment = environment});
  EXPECT_EQ(loaded.config.data.path, "own.h5");
  EXPECT_EQ(loaded.config.run.silo, "b-1");
  EXPECT_EQ(loaded.origins.at("run.silo"), "CROSSILO_SILO");
  const std::string named = file("named.ini", "[data]\npath = named.h5\n");
  EXPECT_EQ(load_config({.path = shared_, .own_path = named, .environment = environment}).config.data.path, "named.h5");
}

TEST_F(ConfigLayers, EveryMistakeOfAllLayersIsSaidAtOnce) {
  const std::string own = file("own.ini", "[train]\nmomentum = 0.5\n[data]\npaht = x\n");
  const std::string said = mistakes_of([&] {
    return load_config({.path = file("bad.ini", with(kSmall, "rounds = 3", "rounds = none")),
                        .own_path = own,
                        .command_line = {{"train.optimizer", "sdg"}, {"run.seed", "1"}, {"run.seed", "2"}},
                        .environment = {{"CROSSILO_TRAIN_LEARNIG_RATE", "1"},
                                        {"CROSSILO_SILO", "A B"},
                                        {"CROSSILO_PRIVACY_LANE_BITS", "8\n\xff"}}});
  });
  const std::string bad = folder_.path("bad.ini");
  EXPECT_EQ(said,
            bad + ":4: run.rounds = \"none\": a whole number from 1 to 1000000000 is wanted\n" + own +
                ":2: train.momentum: belongs to the configuration that all silos share; a silo's own file may hold "
                "run.silo, run.device, data.path, data.private_folder, model.torchscript, topology.file\n" +
                own +
                ":4: data.paht: no such key; did you mean data.path?\n"
                "CROSSILO_TRAIN_LEARNIG_RATE: an unknown environment variable; did you mean "
                "CROSSILO_TRAIN_LEARNING_RATE?\n"
                "CROSSILO_SILO: run.silo = \"A B\": a name of a-z, 0-9, _ and -, at most 64 characters is wanted\n"
                "CROSSILO_PRIVACY_LANE_BITS: privacy.lane_bits = \"8\\x0a\\xff\": 32 | 16 | 8 is wanted\n"
                "--train.optimizer: train.optimizer = \"sdg\": sgd | adam | adamw is wanted\n"
                "--run.seed: run.seed: set before, as --run.seed; keep one\n"
                "8 errors in " +
                bad + " and " + own + " and the environment and the command line, nothing was started");
}

TEST_F(ConfigLayers, AnUnknownVariableIsAnErrorAndAReservedOneIsNot) {
  EXPECT_NE(said_of_variable("CROSSILO_SILOS").find("did you mean CROSSILO_SILO?"), std::string::npos);
  EXPECT_NE(said_of_variable("CROSSILO_XYZZYPLUGH").find("all names: docs/configuration.md"), std::string::npos);
  EXPECT_NE(said_of_variable("CROSSILO_SILO=").find("an unknown"), std::string::npos);
  EXPECT_EQ(said_of_variable("CROSSILO"), "none");
  EXPECT_EQ(said_of_variable("CROSSILO_BIN"), "none");
  EXPECT_NE(
      mistakes_of([&] {
        return load_config({.path = shared_, .environment = {{"CROSSILO_RUN_SILO", "a"}, {"CROSSILO_SILO", "a"}}});
      }).find("CROSSILO_SILO: run.silo: set before, as CROSSILO_RUN_SILO; keep one"),
      std::string::npos);
}

/// Every variable CROSSILO_… that the files of a folder with this ending use.
std::set<std::string> variables_in(const char* place, const std::string& ending, const std::regex& use) {
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::string(CROSSILO_SOURCE_DIR "/") + place)) {
    if (entry.path().extension() != ending) continue;
    const std::string text = TemporaryFolder::read(entry.path().string());
    for (std::sregex_iterator found(text.begin(), text.end(), use), end; found != end; ++found)
      names.insert((*found)[1].str());
  }
  return names;
}

TEST_F(ConfigLayers, WhatProgramAndScriptsUseIsReserved) {
  const std::regex in_shell(R"(\$\{?(CROSSILO_[A-Z0-9_]+))");
  const std::regex in_program(R"("(CROSSILO_[A-Z0-9_]+)["=])");
  std::set<std::string> used = variables_in("src", ".cpp", in_program);
  used.merge(variables_in("include", ".hpp", in_program));
  for (const char* place : {"jobs", "tests", "bench"}) used.merge(variables_in(place, ".sh", in_shell));
  EXPECT_EQ(used.count("CROSSILO_COLUMNS") + used.count("CROSSILO_BIN"), 2u) << "the search finds nothing";
  for (const std::string& name : used)
    EXPECT_EQ(said_of_variable(name).find("an unknown environment variable"), std::string::npos) << name;
}

TEST_F(ConfigLayers, ThisProcessesVariablesAreFound) {
  ASSERT_EQ(setenv("CROSSILO_SILO", "a=b", 1), 0);
  const NamedTexts found = crossilo_environment();
  unsetenv("CROSSILO_SILO");
  EXPECT_NE(std::ranges::find(found, std::pair<std::string, std::string>("CROSSILO_SILO", "a=b")), found.end());
  for (const auto& [name, value] : found) EXPECT_EQ(name.rfind("CROSSILO_", 0), 0u);
}

TEST_F(ConfigLayers, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(mistakes_of([] { return load_config("no/such.ini"); }),
            "no/such.ini: no such file; a ready one: configs/heart.ini\n1 error in no/such.ini, nothing was started");
  for (const char* text : {"", "\n\n", "# nothing\n", "[run]\n"})
    EXPECT_EQ(said_of(text),
              "c.ini: empty: no setting stands in it; a ready one: configs/heart.ini\n1 error in c.ini, "
              "nothing was started")
        << text;
  const std::string folder = folder_.path("folder");
  std::filesystem::create_directory(folder);
  EXPECT_NE(mistakes_of([&] { return load_config(folder); }).find("this is a folder, a file is wanted"),
            std::string::npos);
  EXPECT_NE(
      mistakes_of([&] { return load_config({.path = shared_, .own_path = "gone.ini"}); }).find("gone.ini: no such"),
      std::string::npos);
}

TEST_F(ConfigLayers, AnOwnFileIsNamedByWhoNamedItAndNeverEmpty) {
  const auto said = [&](ConfigRequest request) {
    request.path = shared_;
    return mistakes_of([&] { return load_config(request); });
  };
  EXPECT_EQ(said({.own_path = "gone.ini"}),
            "gone.ini: no such file (from --own_config)\n1 error in gone.ini, nothing was started");
  EXPECT_NE(said({.own_path = ""}).find("--own_config: is empty; the silo's own file is wanted"), std::string::npos);
  EXPECT_NE(said({.environment = {{"CROSSILO_OWN_CONFIG", ""}}}).find("CROSSILO_OWN_CONFIG: is empty"),
            std::string::npos);
}

TEST_F(ConfigLayers, TheLayerThatMakesAKeyWrongIsNamedNotTheFileThatDoesNotSetIt) {
  const std::string said = mistakes_of([&] {
    return load_config({.path = shared_, .command_line = {{"run.silos", "a,b"}}});
  });
  EXPECT_EQ(said.find("--run.silos: privacy.allow_two_silos"), 0u) << said;
  EXPECT_EQ(said.find(shared_), std::string::npos) << said;
}

TEST_F(ConfigLayers, AHugeFileIsRefusedByItsSize) {
  const std::string huge = file("huge.ini", kSmall);
  std::filesystem::resize_file(huge, 100'000'000);
  EXPECT_EQ(mistakes_of([&] { return load_config(huge); }),
            huge + ": 100000000 bytes; a configuration has at most 1048576 (1 MiB)\n1 error in " + huge +
                ", nothing was started");
  EXPECT_NE(mistakes_of([] { return load_config("/dev/zero"); }).find("more than 1048576 bytes"), std::string::npos);
  std::string largest = kSmall;
  largest.append((std::size_t{1} << 20) - largest.size(), '#');
  EXPECT_EQ(said_of(largest), "none");
  EXPECT_NE(said_of(largest + "#").find("1048577 bytes; a configuration has at most"), std::string::npos);
}

TEST_F(ConfigLayers, NamesTheByteThatIsNoText) {
  const auto line_5 = [&](const std::string& line) { return said_of(with(kSmall, "[data]\n", line + "\n[data]\n")); };
  EXPECT_EQ(line_5("# caf\xe9"),
            "c.ini:5: byte 6 (0xe9) is not UTF-8; save the file as UTF-8\n1 error in c.ini, nothing was started");
  EXPECT_EQ(line_5("# caf\xc3\xa9 \xe2\x89\xa5 \xf0\x9f\x99\x82"), "none");
  for (const char* bytes : {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\x80", "\xe2\x82"})
    EXPECT_NE(line_5(std::string("# ") + bytes).find("c.ini:5: byte 3 ("), std::string::npos) << bytes;
  EXPECT_NE(line_5(std::string("# a\0b", 5)).find("byte 4 (0x00) is a control character"), std::string::npos);
  EXPECT_NE(line_5("seed = 1\x1b[31m").find("byte 9 (0x1b) is a control character"), std::string::npos);
  EXPECT_NE(said_of("\xff\xfe[\0r\0").find("c.ini:1: the file is UTF-16; save it as UTF-8"), std::string::npos);
}

TEST_F(ConfigLayers, AFileThatIsNoConfigurationDoesNotFloodTheTerminal) {
  std::string noise;
  for (int line = 0; line < 5000; ++line) noise += "\x01\x02\xff garbage\n";
  const std::string said = said_of(noise);
  EXPECT_LT(std::count(said.begin(), said.end(), '\n'), 110);
  EXPECT_NE(said.find("c.ini:1: byte 1 (0x01)"), std::string::npos);
  EXPECT_NE(said.find("more\n"), std::string::npos);
  EXPECT_LT(said_of("[run]\nname = " + std::string(100'000, 'x') + "\n").size(), 2000u);
}

}  // namespace
}  // namespace crossilo
