// Aim: settings that do not fit each other are refused, and the text says which and what to do.
// Method: a small configuration with lines added to it; a table of what is added and what has to be said.
#include <gtest/gtest.h>

#include "config_example.hpp"

namespace crossilo {
namespace {

/// The example with lines in some sections; "SECTION|LINE" each.
std::string with_lines(const std::vector<std::string>& added) {
  std::string text = kSmall;
  for (const std::string& entry : added) {
    const std::size_t bar = entry.find('|');
    const std::string head = std::string("[").append(entry, 0, bar).append("]\n");
    if (text.find(head) == std::string::npos) text += head;
    text = with(text, head, std::string(head).append(entry, bar + 1).append("\n"));
  }
  return text;
}

struct Case {
  std::vector<std::string> added;
  std::string said;  // empty: no mistake
};

class ConfigPairs : public testing::TestWithParam<Case> {};

TEST_P(ConfigPairs, AreSaidOrFit) {
  const Case& one = GetParam();
  const std::string said = mistakes(with_lines(one.added));
  if (one.said.empty())
    EXPECT_EQ(said, "none") << with_lines(one.added);
  else
    EXPECT_EQ(said.substr(said.find(' ') + 1), one.said + "\n1 error in f.ini, nothing was started")
        << with_lines(one.added);
}

INSTANTIATE_TEST_SUITE_P(
    WithoutEffect, ConfigPairs,
    testing::Values(
        Case{{"train|adam_beta1 = 0.9"},
             "train.adam_beta1: is read only with train.optimizer = adam | adamw; that is sgd. Remove the key"},
        Case{{"train|adam_beta2 = 0.9"},
             "train.adam_beta2: is read only with train.optimizer = adam | adamw; that is sgd. Remove the key"},
        Case{{"train|adam_epsilon = 0.9"},
             "train.adam_epsilon: is read only with train.optimizer = adam | adamw; that is sgd. Remove the key"},
        Case{{"train|optimizer = adam", "train|momentum = 0"},
             "train.momentum: is read only with train.optimizer = sgd; that is adam. Remove the key"},
        Case{{"train|optimizer = adamw", "train|adam_beta1 = 0.9", "train|adam_epsilon = 1e-7"}, ""},
        Case{{"train|momentum = 0.5"}, ""},
        Case{{"model|hidden = 8"},
             "model.hidden: is read only with model.name = mlp | cnn; that is logreg. Remove the key"},
        Case{{"model|channels = 8"},
             "model.channels: is read only with model.name = cnn; that is logreg. Remove the key"},
        Case{{"algorithm|server_momentum = 0.9"},
             "algorithm.server_momentum: is read only with algorithm.name = fedavgm; that is fedavg. Remove the key"},
        Case{{"algorithm|name = fedavgm", "algorithm|beta1 = 0.9"},
             "algorithm.beta1: is read only with algorithm.name = fedadam | fedyogi | fedadagrad; that is fedavgm. "
             "Remove the key"},
        Case{{"algorithm|name = fedadagrad", "algorithm|beta2 = 0.9"},
             "algorithm.beta2: is read only with algorithm.name = fedadam | fedyogi; that is fedadagrad. Remove the "
             "key"},
        Case{{"algorithm|tau = 0.9"},
             "algorithm.tau: is read only with algorithm.name = fedadam | fedyogi | fedadagrad; that is fedavg. Remove "
             "the key"},
        Case{{"algorithm|name = fedyogi", "algorithm|beta1 = 0.9", "algorithm|beta2 = 0.9", "algorithm|tau = 1"}, ""},
        Case{{"train|local_steps = 4", "train|local_epochs = 1"},
             "train.local_epochs: is not read where train.local_steps > 0; keep one of them"},
        Case{{"train|local_steps = 4"}, ""}, Case{{"train|local_steps = 0", "train|local_epochs = 2"}, ""},
        Case{{"train|schedule_rounds = 3"},
             "train.schedule_rounds: is read only with train.schedule = cosine | step; that is constant. Remove the "
             "key"}));

INSTANTIATE_TEST_SUITE_P(
    Schedule, ConfigPairs,
    testing::Values(Case{{"train|schedule = cosine"},
                         "train.schedule_rounds = \"0\": with train.schedule = cosine a whole number ≥ 1 is wanted: "
                         "rounds until the end, often run.rounds"},
                    Case{{"train|schedule = cosine", "train|schedule_rounds = 3"}, ""},
                    Case{{"train|schedule = step", "train|schedule_rounds = 3"},
                         "train.schedule_factor = \"0\": with train.schedule = step a number > 0 and < 1 is wanted"},
                    Case{{"train|schedule = step", "train|schedule_factor = 0.5"},
                         "train.schedule_rounds = \"0\": with train.schedule = step a whole number ≥ 1 is wanted: "
                         "rounds between two steps"},
                    Case{{"train|schedule = step", "train|schedule_rounds = 3", "train|schedule_factor = 0.5"}, ""},
                    Case{{"train|schedule = step", "train|schedule_rounds = 3", "train|schedule_factor = 1"},
                         "train.schedule_factor = \"1\": a number ≥ 0 and < 1 is wanted"}));

INSTANTIATE_TEST_SUITE_P(
    Cohort, ConfigPairs,
    testing::Values(
        Case{{"algorithm|silos_per_round = 4"}, "algorithm.silos_per_round = \"4\": run.silos has 3"},
        Case{{"algorithm|silos_per_round = 3"}, ""},
        Case{{"algorithm|silos_per_round = 2"},
             "algorithm.silos_per_round = \"2\": of two silos each can read the other's change from the sum; 3 or more "
             "are wanted, or privacy.allow_two_silos = true"},
        Case{{"algorithm|silos_per_round = 2", "privacy|allow_two_silos = true"}, ""},
        Case{
            {"algorithm|silos_per_round = 1", "privacy|allow_two_silos = true"},
            "algorithm.silos_per_round = \"1\": the sum of one silo is its change, which all could read; 3 or more are "
            "wanted, or 0: all"},
        Case{{"algorithm|silos_per_round = 1", "privacy|masking = off"}, ""},
        Case{{"run|min_silos = 4"}, "run.min_silos = \"4\": run.silos has 3"}, Case{{"run|min_silos = 3"}, ""},
        Case{{"run|min_silos = 2"},
             "run.min_silos = \"2\": of so few silos one can read another's change from the sum; 3 or more are wanted "
             "(2 with privacy.allow_two_silos = true), or 0: all"},
        Case{{"run|min_silos = 2", "privacy|allow_two_silos = true"}, ""},
        Case{{"run|min_silos = 1", "privacy|allow_two_silos = true"},
             "run.min_silos = \"1\": of so few silos one can read another's change from the sum; 3 or more are wanted "
             "(2 with privacy.allow_two_silos = true), or 0: all"}));

INSTANTIATE_TEST_SUITE_P(
    Sites, ConfigPairs,
    testing::Values(
        Case{{"topology|hosts = north: n1"},
             "topology.hosts: is read only with topology.sites_from = hosts; that is one. Remove the key"},
        Case{{"topology|sites_from = file", "topology|hosts = north: n1", "topology|file = sites.txt"},
             "topology.hosts: is read only with topology.sites_from = hosts; that is file. Remove the key"},
        Case{{"topology|sites_from = hosts"},
             "topology.hosts: missing; the hosts of each site, such as north: n[1-4], n7; south: s1 is wanted with "
             "topology.sites_from = hosts"},
        Case{{"topology|sites_from = file"},
             "topology.file: missing; a path is wanted with topology.sites_from = file"},
        Case{{"topology|sites_from = hosts", "topology|hosts = north n1"},
             "topology.hosts = \"north n1\": \"north n1\" has no colon between a site and its hosts; the hosts of each "
             "site, such as north: n[1-4], n7; south: s1 is wanted"},
        Case{{"topology|sites_from = hosts", "topology|hosts = north: n[1-4], n7; south:s1"}, ""},
        Case{{"topology|sites_from = het"}, ""}, Case{{"topology|sites_from = env"}, ""}));

TEST(ConfigChecks, OneModelIsWantedAndNotTwo) {
  const std::string zero(64, '0');
  EXPECT_EQ(
      mistakes(with_lines({"model|torchscript = m.pt"})),
      "f.ini:8: model.torchscript: model.name is set too; keep one of them\n1 error in f.ini, nothing was started");
  EXPECT_EQ(mistakes(with(kSmall, "name = logreg", "torchscript = m.pt\ntorchscript_sha256 = " + zero)), "none");
  EXPECT_EQ(
      parse_config(with(kSmall, "name = logreg", "torchscript = m.pt\ntorchscript_sha256 = " + std::string(64, 'A')),
                   "f.ini")
          .model.torchscript_sha256,
      std::string(64, 'a'));
  EXPECT_NE(mistakes(with(kSmall, "name = logreg", ""))
                .find("f.ini: model.name: missing; logreg | linreg | mlp | cnn, or "
                      "model.torchscript = FILE.pt is wanted"),
            std::string::npos);
  EXPECT_NE(mistakes(with_lines({"model|torchscript_sha256 = " + zero}))
                .find("model.torchscript_sha256: is read only with model.torchscript, which is not set"),
            std::string::npos);
  for (const std::string& digits : {std::string("0"), zero + "0", std::string(63, '0') + "g"})
    EXPECT_NE(mistakes(with(kSmall, "name = logreg", "torchscript = m.pt\ntorchscript_sha256 = " + digits))
                  .find("64 hexadecimal digits is wanted"),
              std::string::npos);
  EXPECT_NE(
      mistakes(with(kSmall, "name = logreg", "torchscript = m.pt\nhidden = 4"))
          .find("model.hidden: is read only with model.name = mlp | cnn; a TorchScript module has its own layers"),
      std::string::npos);
}

TEST(ConfigChecks, ManySilosOnOneMachineHaveFilesOfTheirOwn) {
  const std::string one_machine = with(with(kSmall, "rounds = 3", "rounds = 3\none_machine = true"), "{silo}", "all");
  EXPECT_NE(mistakes(one_machine).find("f.ini:7: data.path = \"x # all;.h5\": {silo} must occur"), std::string::npos);
}

TEST(ConfigChecks, TwoSilosMustBeWanted) {
  const std::string two = with(kSmall, "a, b-1, c_2", "a, b");
  EXPECT_NE(mistakes(two).find("privacy.allow_two_silos = \"false\""), std::string::npos);
  EXPECT_EQ(mistakes(two + "[privacy]\nallow_two_silos = true\n"), "none");
}

TEST(ConfigChecks, NamesTheKeysThatNothingReads) {
  const auto idle = [](const std::vector<std::string>& added) {
    return settings_without_effect(parse_config(with_lines(added), "f.ini"));
  };
  EXPECT_EQ(idle({"train|local_steps = 2", "train|optimizer = adam", "train|schedule = cosine",
                  "train|schedule_rounds = 9", "algorithm|name = fedadam"}),
            (std::vector<std::string>{"model.hidden", "model.channels", "train.momentum", "algorithm.server_momentum",
                                      "topology.hosts", "topology.file", "train.local_epochs"}));
  EXPECT_EQ(idle({}).size(), 13u);
}

TEST(ConfigChecks, ABrokenValueIsNotBlamedTwice) {
  const std::string said = mistakes(with(kSmall, "a, b-1, c_2", "a, a") + "[algorithm]\nsilos_per_round = 3\n");
  EXPECT_NE(said.find("1 error in f.ini"), std::string::npos) << said;
}

}  // namespace
}  // namespace crossilo
