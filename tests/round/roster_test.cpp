// Aim: hellos that do not make one federation are refused by name before anything starts, whatever bytes came in.
// Method: LocalCommunicator; ranks that state wrong facts, and one whose hello is altered on the wire.
#include "crossilo/round/roster.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/version.hpp"
#include "round/fake_federation.hpp"

namespace crossilo::test {
namespace {

constexpr std::size_t kHelloBytes = 232;
constexpr std::size_t kVersionOffset = 16;
constexpr std::size_t kHostOffset = 32;

/// Alters every hello that a rank sends.
class AlteringCommunicator final : public Communicator {
 public:
  using Alter = std::function<void(std::span<std::byte>)>;
  AlteringCommunicator(Communicator& inner, Alter alter) : inner_(inner), alter_(std::move(alter)) {}
  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    if (words.type != WordType::byte || words.count != kHelloBytes) return inner_.start_send(words, to);
    const auto* bytes = static_cast<const std::byte*>(words.data);
    std::vector<std::byte>& altered = kept_.emplace_back(bytes, bytes + words.count);
    alter_(altered);
    return inner_.start_send(std::span<const std::byte>(altered), to);
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override { return inner_.start_receive(words, from); }
  [[nodiscard]] bool test(Request& request) override { return inner_.test(request); }
  void idle() override { inner_.idle(); }

 private:
  Communicator& inner_;
  Alter alter_;
  std::deque<std::vector<std::byte>> kept_;
};

const Deadline kDeadline{.seconds = 5.0, .step = "hello"};

/// What the lowest rank says of three ranks with the facts of `facts_of_rank`.
std::string refusal(const std::function<OwnFacts(int rank)>& facts_of_rank, bool equal_keys = false) {
  try {
    run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& communicator) {
      const X25519 fixed(Key256{std::byte{42}});
      const X25519 fresh;
      (void)exchange_hello(communicator, facts_of_rank(communicator.rank()), equal_keys ? fixed : fresh, kDeadline);
    });
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal_of_altered(const AlteringCommunicator::Alter& alter) {
  try {
    run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& plain) {
      AlteringCommunicator altering(plain, alter);
      Communicator& communicator = plain.rank() == 2 ? static_cast<Communicator&>(altering) : plain;
      (void)exchange_hello(communicator, facts_of({.silos = 3}, 3, plain.rank()), X25519(), kDeadline);
    });
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Roster, holds_every_silo_once_and_names_the_ranks) {
  run_local_ranks({.size = 2, .seed = 1}, [](Communicator& communicator) {
    const Roster roster =
        exchange_hello(communicator, facts_of({.silos = 5}, 2, communicator.rank()), X25519(), kDeadline);
    EXPECT_EQ(roster.cohort.size(), 5u);
    ASSERT_EQ(roster.identities.size(), 2u);
    EXPECT_EQ(roster.identities[1].id, SiloId{2});
    EXPECT_EQ(roster.identities[1].name.find("silos silo2, silo3, silo4 (rank 1, host "), 0u)
        << roster.identities[1].name;
  });
}

TEST(Roster, names_the_sites_where_there_are_several) {
  run_local_ranks({.size = 2, .seed = 1}, [](Communicator& communicator) {
    OwnFacts facts = facts_of({.silos = 2}, 2, communicator.rank());
    facts.topology = Topology({{.host = "n1", .site = "north"}, {.host = "s1", .site = "south"}});
    (void)exchange_hello(communicator, facts, X25519(), kDeadline);
    EXPECT_NE(communicator.peer_name(1).find(", site south)"), std::string::npos) << communicator.peer_name(1);
  });
}

TEST(Roster, a_silo_on_two_ranks_is_refused) {
  const std::string text = refusal([](int rank) { return facts_of({.silos = 3}, 3, rank == 2 ? 1 : rank); });
  EXPECT_NE(text.find("rank 2"), std::string::npos) << text;
  EXPECT_NE(text.find("both claim silo silo1"), std::string::npos) << text;
}

TEST(Roster, a_silo_on_no_rank_is_refused_by_its_name) {
  const std::string text = refusal([](int rank) {
    OwnFacts facts = facts_of({.silos = 3}, 3, rank);
    facts.silo_names = silo_names(5);
    return facts;
  });
  EXPECT_NE(text.find("no rank hosts silo silo3, silo4"), std::string::npos) << text;
}

TEST(Roster, is_without_the_silos_that_this_start_leaves_out_and_refuses_them) {
  const auto facts_without = [](std::uint32_t missing, std::uint32_t own) {
    OwnFacts facts = facts_of({.silos = 4, .own_silo = SiloId{own}}, 3, 0);
    facts.missing = {SiloId{missing}};
    return facts;
  };
  run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& communicator) {
    const auto own = std::array{0U, 1U, 3U}.at(static_cast<std::size_t>(communicator.rank()));
    const Roster roster = exchange_hello(communicator, facts_without(2, own), X25519(), kDeadline);
    EXPECT_EQ(roster.cohort.silos, (std::vector<SiloId>{SiloId{0}, SiloId{1}, SiloId{3}}));
    const FakeRun run{.silos = 4};
    for (const SiloId silo : roster.cohort.silos) EXPECT_EQ(roster.cohort.weight(silo), run.weight(silo));
    EXPECT_EQ(roster.identities[2].id, SiloId{3});
    EXPECT_EQ(roster.silo_names.size(), 4u);
  });
  const std::string text = refusal([&](int rank) { return facts_without(2, static_cast<std::uint32_t>(rank)); });
  EXPECT_NE(text.find("silo silo2 (rank 2"), std::string::npos) << text;
  EXPECT_NE(text.find("is there, but this start leaves it out"), std::string::npos) << text;
}

TEST(Roster, equal_public_keys_are_refused_by_name) {
  const std::string text = refusal([](int rank) { return facts_of({.silos = 3}, 3, rank); }, /*equal_keys=*/true);
  EXPECT_NE(text.find("silo silo0 "), std::string::npos) << text;
  EXPECT_NE(text.find("silo silo1 "), std::string::npos) << text;
  EXPECT_NE(text.find("show the same public key"), std::string::npos) << text;
}

TEST(Roster, another_protocol_is_refused_by_the_silos_name) {
  const std::string text = refusal_of_altered([](std::span<std::byte> hello) { hello[14] = std::byte{'9'}; });
  EXPECT_NE(text.find("silo silo2 "), std::string::npos) << text;
  EXPECT_NE(text.find("another version"), std::string::npos) << text;
  EXPECT_NE(text.find("its hello is unknown here"), std::string::npos) << text;
}

TEST(Roster, another_version_is_refused_naming_both) {
  const std::string text = refusal_of_altered(
      [](std::span<std::byte> hello) { std::memcpy(hello.data() + kVersionOffset, "9.8.7", sizeof("9.8.7")); });
  EXPECT_NE(text.find("silo silo2 "), std::string::npos) << text;
  EXPECT_NE(text.find(std::string("9.8.7, but silo silo0 ")), std::string::npos) << text;
  EXPECT_NE(text.find(std::string("runs ") + kVersion), std::string::npos) << text;
}

TEST(Roster, a_host_name_without_an_end_is_cut_off_where_its_field_ends) {
  const std::string text = refusal_of_altered([](std::span<std::byte> hello) {
    std::memset(hello.data(), 'p', kHostOffset);
    std::memset(hello.data() + kHostOffset, 'h', hello.size() - kHostOffset - 8);
  });
  EXPECT_NE(text.find("host " + std::string(63, 'h') + ")"), std::string::npos) << text;
}

TEST(Roster, more_hosted_silos_than_there_are_is_refused) {
  const std::string text =
      refusal_of_altered([](std::span<std::byte> hello) { std::memset(hello.data() + hello.size() - 4, 0xff, 4); });
  EXPECT_NE(text.find("claims 4294967295 silos"), std::string::npos) << text;
}

TEST(Roster, settings_that_differ_are_refused_key_by_key_with_their_values) {
  const std::string text = refusal([](int rank) {
    OwnFacts facts = facts_of({.silos = 3}, 3, rank);
    facts.config_hash[0] = static_cast<std::byte>(rank == 1);
    facts.shared_settings = {{"run.rounds", "40"}, {"train.learning_rate", rank == 1 ? "0.051" : "0.05"}};
    if (rank == 2) facts.shared_settings.emplace_back("train.new", "on");
    return facts;
  });
  EXPECT_NE(text.find("train.learning_rate is 0.05 of silo silo0"), std::string::npos) << text;
  EXPECT_NE(text.find("but 0.051 of silo silo1"), std::string::npos) << text;
  EXPECT_NE(text.find("train.new is (not there) of silo silo0"), std::string::npos) << text;
  EXPECT_EQ(text.find("run.rounds"), std::string::npos) << text;
}

/// The facts of a rank whose file has these columns.
OwnFacts facts_with_columns(int rank, const std::vector<std::string>& columns) {
  OwnFacts facts = facts_of({.silos = 3}, 3, rank);
  facts.schema = {.feature_names = columns, .class_names = {"no", "yes"}, .sample_shape = {columns.size()}};
  return facts;
}

TEST(Roster, a_file_unlike_most_is_refused_naming_silo_and_columns_also_where_the_first_rank_has_it) {
  for (const int odd : {0, 1, 2}) {
    const std::string text = refusal([&](int rank) {
      return facts_with_columns(rank, rank == odd ? std::vector<std::string>{"age", "chol"}
                                                  : std::vector<std::string>{"age", "chol", "thalach"});
    });
    EXPECT_NE(text.find("silo silo" + std::to_string(odd) + " "), std::string::npos) << text;
    EXPECT_NE(text.find("train/x has 2 columns, the others have 3 (missing: thalach)"), std::string::npos) << text;
  }
}

TEST(Roster, a_schema_too_long_to_send_is_refused_all_the_same) {
  const std::string text = refusal(
      [](int rank) { return facts_with_columns(rank, {rank == 2 ? "age" : std::string(std::size_t{2} << 20, 'a')}); });
  EXPECT_NE(text.find("silo silo2 (rank 2"), std::string::npos) << text;
  EXPECT_NE(text.find("features, classes or task differ"), std::string::npos) << text;
}

TEST(Roster, another_model_is_refused_by_the_silos_name) {
  const std::string text = refusal([](int rank) {
    OwnFacts facts = facts_of({.silos = 3}, 3, rank);
    facts.model_schema_hash[0] = static_cast<std::byte>(rank == 2);
    return facts;
  });
  EXPECT_NE(text.find("TorchScript file's SHA-256) of silo silo2"), std::string::npos) << text;
}

}  // namespace
}  // namespace crossilo::test
