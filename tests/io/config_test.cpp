// Aim: a right configuration is read exactly; a wrong one shows every mistake, each with its line and what is allowed.
// Method: small texts and the ready configuration through the parser; the hashes over one change after another.
#include "crossilo/io/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "config_example.hpp"

namespace crossilo {
namespace {

TEST(Config, ReadsValuesAndDefaults) {
  const Config config = parse_config(kSmall, "f.ini");
  EXPECT_EQ(config.run.silos, (std::vector<std::string>{"a", "b-1", "c_2"}));
  EXPECT_EQ(config.run.rounds, 3u);
  EXPECT_EQ(config.data.path, "x # {silo};.h5");
  EXPECT_EQ(config.train.learning_rate, 0.05);
  EXPECT_EQ(config.privacy.lane_bits, 32u);
  EXPECT_TRUE(config.privacy.masking);
  EXPECT_EQ(config.run.weights, WeightRule::rows);
  EXPECT_EQ(config.data.private_folder, "private/{silo}");
  EXPECT_EQ(path_for_silo("a/{silo}/{silo}.h5", "va"), "a/va/va.h5");
}

TEST(Config, ReadsWindowsLineEndsAndAByteOrderMark) {
  std::string text = "\xef\xbb\xbf";
  for (const char* c = kSmall; *c != '\0'; ++c) text += *c == '\n' ? std::string("\r\n") : std::string(1, *c);
  EXPECT_EQ(canonical_text(parse_config(text, "f.ini")), canonical_text(parse_config(kSmall, "f.ini")));
}

TEST(Config, ShowsEveryMistakeAtOnceInTheOrderOfLines) {
  const std::string text = R"([run]
name = Not A Name
silos = a, b, a
rounds = 3
rounds = 4
[train]
learning_rte = 0.1
momentum = 1
batch_size = 16.5
local_epochs = "2
nonsense
[privacy
masking = maybe
)";
  EXPECT_EQ(mistakes(text),
            "f.ini:2: run.name = \"Not A Name\": a name of a-z, 0-9, _ and -, at most 64 characters is wanted\n"
            "f.ini:3: run.silos = \"a, b, a\": a is named twice; a list of at most 10000 distinct names (a-z, 0-9, _ "
            "and -, at most 64 "
            "characters) with commas between them, or a range such as silo{00..99} is wanted\n"
            "f.ini:5: run.rounds: set before, in line 4; keep one\n"
            "f.ini:7: train.learning_rte: no such key; did you mean train.learning_rate?\n"
            "f.ini:8: train.momentum = \"1\": a number ≥ 0 and < 1 is wanted\n"
            "f.ini:9: train.batch_size = \"16.5\": a whole number from 1 to 1000000000 is wanted\n"
            "f.ini:10: train.local_epochs: the quotes do not enclose the whole value\n"
            "f.ini:11: \"nonsense\": a line is [section], key = value or a comment\n"
            "f.ini:12: \"[privacy\": a section is written [name]\n"
            "9 errors in f.ini, nothing was started")
      << "keys that a broken section may hold are not called missing";
}

TEST(Config, CallsNoKeyMissingThatSomebodyWrote) {
  const std::string zero(1, '\0');
  EXPECT_EQ(mistakes("\xff\xfe[\0r"),
            "f.ini:1: the file is UTF-16; save it as UTF-8\n1 error in f.ini, nothing was started");
  EXPECT_EQ(mistakes(with(kSmall, "learning_rate", "learning" + zero + "rate")).find("missing"), std::string::npos);
  const std::string slip = mistakes(with(kSmall, "[train]", "[trian]"));
  EXPECT_NE(slip.find("trian.learning_rate: no such key; did you mean train.learning_rate?"), std::string::npos);
  EXPECT_EQ(slip.find("missing"), std::string::npos) << slip;
  EXPECT_NE(mistakes(with(kSmall, "path =", "# path ="))
                .find("data.path: missing; a path, in which {silo} stands for "
                      "the silo's name is wanted; where it stands in the silo's own file: --own_config FILE"),
            std::string::npos);
}

TEST(Config, SaysWhichSiloIsNamedWrongly) {
  const auto said = [](const std::string& silos) { return mistakes("[run]\nsilos = " + silos + "\n"); };
  for (const auto& [silos, fault] : {std::pair{"va, Royal_North", "\"Royal_North\" has a capital letter; a list"},
                                     {"va, st.mary", "\"st.mary\" has the character \".\"; a list"},
                                     {"va,,b", "\"\" is empty; a list"},
                                     {"va, s{1..0}", "\"s{1..0}\" is neither a name nor a range; a list"},
                                     {"s{1..3}, s2", "s2 is named twice; a list"}})
    EXPECT_NE(said(silos).find(fault), std::string::npos) << said(silos);
}

TEST(Config, RefusesValuesOutOfRange) {
  for (const char* line : {"learning_rate = 0", "learning_rate = -1", "learning_rate = nan", "learning_rate = inf",
                           "learning_rate = 1e999", "learning_rate = 0.1x", "learning_rate =", "learning_rate = 0x1"}) {
    const std::string said = mistakes(with(kSmall, "learning_rate = 5e-2", line));
    EXPECT_NE(said.find("a number > 0 is wanted"), std::string::npos) << line << ": " << said;
    EXPECT_NE(said.find("1 error in f.ini, nothing was started"), std::string::npos) << said;
  }
  for (const char* line : {"rounds = 0", "rounds = -1", "rounds = 4294967296", "rounds = +3"})
    EXPECT_NE(mistakes(with(kSmall, "rounds = 3", line)).find("f.ini:4: run.rounds = "), std::string::npos) << line;
  for (const char* line : {"silos =", "silos = a,", "silos = a,,b", "silos = A", "silos = a b"})
    EXPECT_NE(mistakes(with(kSmall, "silos = a, b-1, c_2", line)).find("f.ini:3: run.silos"), std::string::npos)
        << line;
  EXPECT_NE(mistakes(std::string(kSmall) + "[privacy]\nlane_bits = 24\n").find("32 | 16 | 8 is wanted"),
            std::string::npos);
  EXPECT_NE(mistakes(with(kSmall, "{silo}", "{site}")).find("f.ini:6: data.path"), std::string::npos);
}

TEST(Config, FindsTheKeyThatWasMeant) {
  EXPECT_NE(mistakes(std::string(kSmall) + "[model]\n").find("[model] was opened before, in line 7"),
            std::string::npos);
  EXPECT_NE(mistakes(std::string(kSmall) + "[privacy]\nmomentum = 0\n").find("did you mean train.momentum?"),
            std::string::npos);
  EXPECT_NE(mistakes(std::string(kSmall) + "[algoritm]\nname = fedavg\n").find("did you mean algorithm.name?"),
            std::string::npos);
  EXPECT_NE(
      mistakes(std::string(kSmall) + "[zzz]\nxyzzyplugh = 1\n").find("no such key; all keys: docs/configuration.md"),
      std::string::npos);
  EXPECT_NE(mistakes("name = x\n").find("f.ini:1: name: stands before the first [section]"), std::string::npos);
}

TEST(Config, LooksForNearKeysNoLongerThanIsWorthwhile) {
  // Either took minutes when every name was compared with every key.
  EXPECT_NE(mistakes("[run]\n" + std::string(1'000'000, 'k') + " = 1\n").find("no such key; all keys"),
            std::string::npos);
  std::string many = "[run]\n";
  for (int i = 0; i < 40'000; ++i) many += "a_key_that_is_none_" + std::to_string(i) + " = 1\n";
  EXPECT_NE(mistakes(many).find("more\n400"), std::string::npos);
}

TEST(Config, ExpandsARangeOfSilos) {
  const auto silos = [](const std::string& list) {
    return parse_config(with(kSmall, "a, b-1, c_2", list), "f.ini").run.silos;
  };
  EXPECT_EQ(silos("a{08..11}"), (std::vector<std::string>{"a08", "a09", "a10", "a11"}));
  EXPECT_EQ(silos("x, a{8..10}b, y"), (std::vector<std::string>{"x", "a8b", "a9b", "a10b", "y"}));
  EXPECT_EQ(silos("s{0000..9999}").back(), "s9999");
  EXPECT_EQ(silos("s{0000..9999}").size(), 10000u);
  for (const char* list : {"a{2..1}, b, c", "a{1-3}, b, c", "a{1..}, b, c", "a{1..3", "a{..3}", "a{-1..3}", "{a..c}",
                           "a{1..3}, a2", "s{00000..10000}", "s{1..4294967297}", "a{1..2}{1..2}", "A{1..3}"})
    EXPECT_NE(mistakes(with(kSmall, "a, b-1, c_2", list)).find("f.ini:3: run.silos = "), std::string::npos) << list;
}

TEST(Config, ReadsListsWordsAndDigits) {
  const Config config = parse_config(
      with(kSmall, "name = logreg", "name = cnn\nhidden = 32,16\nchannels = 8") + "[stop]\nmetric = auc\n", "f.ini");
  EXPECT_EQ(config.model.hidden, (std::vector<std::uint32_t>{32, 16}));
  EXPECT_EQ(config.model.channels, (std::vector<std::uint32_t>{8}));
  EXPECT_EQ(config.stop.metric, "auc");
  const auto baselines = [](const std::string& list) {
    return parse_config(with(kSmall, "rounds = 3", "rounds = 3\nbaselines = " + list), "f.ini").run.baselines;
  };
  EXPECT_TRUE(baselines("none").empty());
  EXPECT_EQ(baselines("pooled,own"), (std::vector<std::string>{"own", "pooled"}));
  EXPECT_EQ(baselines("pooled"), (std::vector<std::string>{"pooled"}));
  for (const char* line : {"baselines =", "baselines = none, own", "baselines = own, own", "baselines = best"})
    EXPECT_NE(mistakes(with(kSmall, "rounds = 3", std::string("rounds = 3\n") + line))
                  .find("none, or a list of own, pooled is wanted"),
              std::string::npos)
        << line;
  for (const char* line : {"hidden =", "hidden = 0", "hidden = 8, x", "hidden = 8,", "hidden = 1000001"})
    EXPECT_NE(mistakes(with(kSmall, "name = logreg", std::string("name = mlp\n") + line)).find("f.ini:9: model.hidden"),
              std::string::npos)
        << line;
}

constexpr std::size_t kMayChange = 15;

/// One change of every setting that silos share; the first kMayChange are those that a resumed run may make.
std::vector<void (*)(Config&)> changes_of_settings() {
  return {[](Config& c) { c.run.name += 'u'; },
          [](Config& c) { ++c.run.rounds; },
          [](Config& c) { c.run.one_machine = true; },
          [](Config& c) { c.run.peer_seconds_max = 1; },
          [](Config& c) { ++c.run.relaunches_max; },
          [](Config& c) { ++c.run.min_silos; },
          [](Config& c) { ++c.run.evaluate_every_rounds; },
          [](Config& c) { ++c.run.checkpoint_every_rounds; },
          [](Config& c) { c.run.baselines.pop_back(); },
          [](Config& c) { c.stop.metric = "auc"; },
          [](Config& c) { ++c.stop.patience_rounds; },
          [](Config& c) { c.stop.improvement_min = 0.1; },
          [](Config& c) { c.topology.sites_from = "env"; },
          [](Config& c) { c.topology.hosts = "north: n1"; },
          [](Config& c) { c.topology.sum_on = "memory"; },
          [](Config& c) { std::swap(c.run.silos[0], c.run.silos[1]); },
          [](Config& c) { ++c.run.seed; },
          [](Config& c) { ++c.run.threads; },
          [](Config& c) { c.run.weights = WeightRule::equal; },
          [](Config& c) { c.model.name = "mlp"; },
          [](Config& c) { c.model.torchscript_sha256 = std::string(64, 'a'); },
          [](Config& c) { c.model.hidden.push_back(2); },
          [](Config& c) { c.model.channels.push_back(2); },
          [](Config& c) { c.train.optimizer = "adam"; },
          [](Config& c) { c.train.learning_rate = 0.1; },
          [](Config& c) { c.train.momentum = 0.9; },
          [](Config& c) { c.train.adam_beta1 = 0.8; },
          [](Config& c) { c.train.adam_beta2 = 0.8; },
          [](Config& c) { c.train.adam_epsilon = 0.8; },
          [](Config& c) { c.train.weight_decay = 0.8; },
          [](Config& c) { c.train.gradient_clip_norm = 1; },
          [](Config& c) { ++c.train.batch_size; },
          [](Config& c) { ++c.train.local_epochs; },
          [](Config& c) { ++c.train.local_steps; },
          [](Config& c) { c.train.schedule = "step"; },
          [](Config& c) { ++c.train.schedule_rounds; },
          [](Config& c) { c.train.schedule_factor = 0.5; },
          [](Config& c) { c.train.class_weights = "balanced"; },
          [](Config& c) { c.algorithm.name = "fedadam"; },
          [](Config& c) { c.algorithm.server_learning_rate = 0.5; },
          [](Config& c) { c.algorithm.server_momentum = 0.5; },
          [](Config& c) { c.algorithm.beta1 = 0.5; },
          [](Config& c) { c.algorithm.beta2 = 0.5; },
          [](Config& c) { c.algorithm.tau = 0.5; },
          [](Config& c) { c.algorithm.proximal_mu = 0.5; },
          [](Config& c) { ++c.algorithm.silos_per_round; },
          [](Config& c) { c.privacy.masking = false; },
          [](Config& c) { c.privacy.clip_norm = 1; },
          [](Config& c) { c.privacy.lane_bits = 8; },
          [](Config& c) { c.privacy.allow_two_silos = true; }};
}

TEST(Config, HashesWhatMustBeEqualAndNothingElse) {
  const Config config = parse_config(kSmall, "f.ini");
  const Hash256 hash = shared_hash(config);
  Config other = config;
  other.data.path = "elsewhere";
  other.data.private_folder = "/secret";
  other.run.silo = "a";
  other.run.device = "cpu";
  other.model.torchscript = "elsewhere.pt";
  other.topology.file = "elsewhere.txt";
  EXPECT_EQ(shared_hash(other), hash);
  EXPECT_EQ(shared_settings(other), shared_settings(config));
  EXPECT_EQ(shared_settings(config)[2], (std::pair<std::string, std::string>{"run.rounds", "3"}));
  EXPECT_EQ(shared_hash(parse_config(with(kSmall, "5e-2", "0.0500"), "f.ini")), hash);
  const auto changes = changes_of_settings();
  for (std::size_t change = 0; change < changes.size(); ++change) {
    Config changed = config;
    changes[change](changed);
    EXPECT_NE(shared_hash(changed), hash) << "change " << change;
    EXPECT_NE(canonical_text(changed), canonical_text(config)) << "change " << change;
    EXPECT_EQ(resume_hash(changed) == resume_hash(config), change < kMayChange) << "change " << change;
  }
  EXPECT_EQ(resume_hash(other), resume_hash(config));
  EXPECT_EQ(changes.size(), shared_settings(config).size()) << "a setting has no change here";
}

TEST(Config, TheReadyConfigurationIsTheQuickStarts) {
  const Config config = load_config(CROSSILO_SOURCE_DIR "/configs/heart.ini");
  EXPECT_EQ(config.run.silos, (std::vector<std::string>{"cleveland", "hungarian", "switzerland", "va"}));
  EXPECT_EQ(config.run.rounds, 40u);
  EXPECT_TRUE(config.run.one_machine);
  EXPECT_EQ(config.data.path, "data/heart/{silo}.h5");
}

TEST(Config, EveryReadyConfigurationIsRight) {
  for (const auto& entry : std::filesystem::directory_iterator(CROSSILO_SOURCE_DIR "/configs"))
    EXPECT_EQ(mistakes_of([&] { return load_config(entry.path().string()); }), "none");
}

}  // namespace
}  // namespace crossilo
