#include "crossilo/comm/local_communicator.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "crossilo/base/check.hpp"
#include "mailbox.hpp"

namespace crossilo {
namespace {

/// The memory of a window that some ranks of a local run share.
class LocalMemory {
 public:
  LocalMemory(std::size_t members, std::size_t block_bytes) : lines_(members * lines_of(block_bytes)) {
    for (std::size_t member = 0; member < members; ++member)
      blocks_.push_back(lines_[member * lines_of(block_bytes)].data());
  }
  [[nodiscard]] const std::vector<std::byte*>& blocks() const noexcept { return blocks_; }

 private:
  struct alignas(64) Line : std::array<std::byte, 64> {};
  static std::size_t lines_of(std::size_t bytes) { return (bytes + sizeof(Line) - 1) / sizeof(Line); }
  std::vector<Line> lines_;
  std::vector<std::byte*> blocks_;
};

/// The state that all ranks of a local run share. Only the holder of the baton touches it, the baton apart.
class LocalWorld {
 public:
  explicit LocalWorld(const LocalRun& run)
      : run_(run), generator_(run.seed), ranks_(static_cast<std::size_t>(run.size)), awake_(ranks_.size()) {}

  [[nodiscard]] int size() const noexcept { return run_.size; }
  [[nodiscard]] VirtualClock& clock() noexcept { return clock_; }
  [[nodiscard]] Mailbox& mailbox() noexcept { return mailbox_; }

  void record(LocalEvent::Kind kind, int rank, Peer peer = {}) {
    if (run_.history != nullptr)
      run_.history->push_back({.kind = kind, .rank = rank, .peer = peer, .seconds = clock_.now_seconds()});
  }

  /// Something changed that any rank may wait for, the holder of the baton included.
  void moved() {
    for (Rank& rank : ranks_) rank.looked_in_vain = false;
    moved_this_turn_ = true;
  }

  /// Chance decides whether a message that could arrive now does so.
  [[nodiscard]] bool may_arrive() {
    moved();  // it will arrive at a later look, so nobody is stuck
    return generator_() % 2 == 0;
  }

  [[nodiscard]] int node_of(int rank) const {
    return run_.node_of_rank.empty() ? -rank - 1 : run_.node_of_rank[static_cast<std::size_t>(rank)];
  }

  /// The memory that these ranks share: one for the first window that each of them opens together, and so on.
  [[nodiscard]] std::shared_ptr<LocalMemory> open_window(int rank, const std::vector<int>& ranks,
                                                         std::size_t block_bytes) {
    std::vector<std::shared_ptr<LocalMemory>>& windows = windows_[ranks];
    const std::size_t opened = opened_[{rank, ranks}]++;
    if (opened == windows.size()) windows.push_back(std::make_shared<LocalMemory>(ranks.size(), block_bytes));
    return windows[opened];
  }

  void begin(int rank) { wait_for_baton(rank); }

  void idle(int rank) {
    ranks_[static_cast<std::size_t>(rank)].looked_in_vain = !moved_this_turn_;
    hand_baton_on();
    wait_for_baton(rank);
  }

  void end(int rank) {
    ranks_[static_cast<std::size_t>(rank)].live = false;
    record(LocalEvent::Kind::end, rank);
    hand_baton_on();
  }

  /// Gives the baton to a live rank that has something to look at; lets time pass if there is none.
  void hand_baton_on() {
    std::vector<int> candidates = ranks_with_hope();
    if (candidates.empty()) {
      moved();
      candidates = ranks_with_hope();
      if (candidates.empty()) return;  // all have ended
      clock_.advance_seconds(run_.tick_seconds);
      record(LocalEvent::Kind::clock, 0);
    }
    moved_this_turn_ = false;
    const int next = candidates[generator_() % candidates.size()];
    record(LocalEvent::Kind::baton, next);
    const std::lock_guard lock(mutex_);
    baton_ = next;
    awake_[static_cast<std::size_t>(next)].notify_one();
  }

 private:
  struct Rank {
    bool live = true;
    bool looked_in_vain = false;  // since anything moved last
  };

  [[nodiscard]] std::vector<int> ranks_with_hope() const {
    std::vector<int> found;
    for (int rank = 0; rank < run_.size; ++rank) {
      const Rank& state = ranks_[static_cast<std::size_t>(rank)];
      if (state.live && !state.looked_in_vain) found.push_back(rank);
    }
    return found;
  }

  void wait_for_baton(int rank) {
    std::unique_lock lock(mutex_);
    awake_[static_cast<std::size_t>(rank)].wait(lock, [&] { return baton_ == rank; });
  }

  const LocalRun& run_;
  std::mt19937_64 generator_;
  VirtualClock clock_;
  Mailbox mailbox_;
  std::map<std::vector<int>, std::vector<std::shared_ptr<LocalMemory>>> windows_;
  std::map<std::pair<int, std::vector<int>>, std::size_t> opened_;
  std::vector<Rank> ranks_;
  bool moved_this_turn_ = false;
  std::mutex mutex_;
  std::vector<std::condition_variable> awake_;
  int baton_ = -1;
};

class LocalWindow final : public NodeWindow {
 public:
  LocalWindow(LocalWorld& world, std::shared_ptr<LocalMemory> memory, std::size_t own, std::size_t region_bytes)
      : NodeWindow(memory->blocks(), own, region_bytes), world_(world), memory_(std::move(memory)) {}

 private:
  void posted() noexcept override { world_.moved(); }
  LocalWorld& world_;
  std::shared_ptr<LocalMemory> memory_;
};

class LocalCommunicator final : public Communicator {
 public:
  LocalCommunicator(LocalWorld& world, int rank) : world_(world), rank_(rank) {}

  [[nodiscard]] int rank() const noexcept override { return rank_; }
  [[nodiscard]] int size() const noexcept override { return world_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return world_.clock(); }

  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    CROSSILO_ASSERT(to.rank >= 0 && to.rank < size());
    world_.moved();
    return world_.mailbox().start_send(rank_, to, words);
  }

  [[nodiscard]] Request start_receive(Words words, Peer from) override {
    CROSSILO_ASSERT(from.rank >= 0 && from.rank < size());
    world_.moved();
    return world_.mailbox().start_receive(rank_, from, words);
  }

  [[nodiscard]] bool test(Request& request) override {
    const bool was_done = request.done();
    const bool done = world_.mailbox().test(
        request, *this, [this] { return world_.may_arrive(); },
        [this](const Mailbox::Delivery& delivery) {
          world_.record(LocalEvent::Kind::message, delivery.to, {.rank = delivery.from, .tag = delivery.tag});
        });
    if (done && !was_done) world_.moved();
    return done;
  }

  void idle() override { world_.idle(rank_); }

  [[nodiscard]] int node() const noexcept override { return world_.node_of(rank_); }
  [[nodiscard]] std::unique_ptr<NodeWindow> open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                             const Deadline&) override {
    const auto own = static_cast<std::size_t>(std::ranges::find(ranks, rank_) - ranks.begin());
    CROSSILO_ASSERT(own < ranks.size());
    auto memory = world_.open_window(rank_, {ranks.begin(), ranks.end()}, NodeWindow::kHeaderBytes + region_bytes);
    return std::make_unique<LocalWindow>(world_, std::move(memory), own, region_bytes);
  }

 private:
  LocalWorld& world_;
  int rank_;
};

class SoloCommunicator final : public Communicator {
 public:
  [[nodiscard]] int rank() const noexcept override { return 0; }
  [[nodiscard]] int size() const noexcept override { return 1; }
  [[nodiscard]] Clock& clock() noexcept override { return steady_clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    CROSSILO_ASSERT(to.rank == 0);
    return mailbox_.start_send(0, to, words);
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override {
    CROSSILO_ASSERT(from.rank == 0);
    return mailbox_.start_receive(0, from, words);
  }
  [[nodiscard]] bool test(Request& request) override {
    return mailbox_.test(
        request, *this, [] { return true; }, [](const Mailbox::Delivery&) {});
  }
  void idle() override { std::this_thread::yield(); }

 private:
  Mailbox mailbox_;
};

}  // namespace

void run_local_ranks(const LocalRun& run, const std::function<void(Communicator&)>& rank_main) {
  CROSSILO_ASSERT(run.size >= 1 && run.tick_seconds > 0.0);
  LocalWorld world(run);
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(run.size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < run.size; ++rank) {
    threads.emplace_back([&, rank] {
      world.begin(rank);
      try {
        LocalCommunicator communicator(world, rank);
        rank_main(communicator);
      } catch (...) {
        failures[static_cast<std::size_t>(rank)] = std::current_exception();
      }
      world.end(rank);
    });
  }
  world.hand_baton_on();
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

std::unique_ptr<Communicator> make_solo_communicator() { return std::make_unique<SoloCommunicator>(); }

}  // namespace crossilo
