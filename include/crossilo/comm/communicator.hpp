// Aim: what a round may ask of a network, and the one function that waits for a peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crossilo/base/clock.hpp"
#include "crossilo/base/types.hpp"
#include "crossilo/comm/node_window.hpp"

namespace crossilo {

enum class WordType : std::uint8_t { byte, u32, u64 };

/// Bytes per word of a type.
[[nodiscard]] constexpr std::size_t size_of(WordType type) noexcept {
  return type == WordType::byte ? 1 : type == WordType::u32 ? 4 : 8;
}

/// A message to send: a typed, read-only stretch of memory.
struct ConstWords {
  ConstWords(const void* words, std::size_t count_of, WordType type_of) : data(words), count(count_of), type(type_of) {}
  ConstWords(std::span<const std::byte> words) : data(words.data()), count(words.size()), type(WordType::byte) {}
  ConstWords(std::span<const std::uint32_t> words) : data(words.data()), count(words.size()), type(WordType::u32) {}
  ConstWords(std::span<const std::uint64_t> words) : data(words.data()), count(words.size()), type(WordType::u64) {}
  const void* data;
  std::size_t count;
  WordType type;
};

/// A place to receive into.
struct Words {
  Words(void* words, std::size_t count_of, WordType type_of) : data(words), count(count_of), type(type_of) {}
  Words(std::span<std::byte> words) : data(words.data()), count(words.size()), type(WordType::byte) {}
  Words(std::span<std::uint32_t> words) : data(words.data()), count(words.size()), type(WordType::u32) {}
  Words(std::span<std::uint64_t> words) : data(words.data()), count(words.size()), type(WordType::u64) {}
  void* data;
  std::size_t count;
  WordType type;
};

/// The other end of a message.
struct Peer {
  int rank = 0;
  int tag = 0;
  bool operator==(const Peer&) const = default;
};

/// Tags that this layer keeps for itself; everybody else uses 0 to ReservedTag::first - 1.
struct ReservedTag {
  static constexpr int first = 0x4000;
  static constexpr int all_gather = first;
  static constexpr int ring_contribution = first + 1;  // one more for each level of a sum
  static constexpr int ring_total = first + 9;
  static constexpr bool is_ring_contribution(int tag) noexcept { return tag >= ring_contribution && tag < ring_total; }
  static constexpr bool is_ring_total(int tag) noexcept { return tag >= ring_total && tag < sign_of_life; }
  static constexpr int sign_of_life = first + 17;
  static constexpr int last = 0x7fff;  // the least upper bound that MPI promises
};

/// A message under way; a plain number, so that a steady round allocates nothing.
struct Request {
  static constexpr std::uint32_t kDone = 0xffffffffu;
  std::uint32_t slot = kDone;
  [[nodiscard]] bool done() const noexcept { return slot == kDone; }
};

struct Deadline;
class SignsOfLife;
namespace detail {
class WaitGuard;
}

/// Point-to-point messages between the ranks of one federation. Nothing here blocks: start, then test.
///
/// Contract (tests/comm/communicator_contract.hpp, for every implementation):
///  - messages between two ranks with one tag arrive in the order in which they were started;
///  - a message of 0 words is delivered; a message to oneself is allowed;
///  - the buffers of a request stay alive and untouched by others until test() says true;
///  - a receive has exactly the sender's count and type, otherwise its test() throws EnvironmentError (MPI does not
///    carry the type: there a mismatch is seen when it changes the number of bytes);
///  - a message holds at most kMessageWordsMax words; longer vectors are cut into segments by the caller.
/// Not thread-safe: one thread per rank uses it.
class Communicator {
 public:
  static constexpr std::size_t kMessageWordsMax = std::size_t{1} << 30;

  Communicator();
  virtual ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  [[nodiscard]] virtual int rank() const noexcept = 0;
  [[nodiscard]] virtual int size() const noexcept = 0;
  /// The clock that deadlines are measured with; virtual time in LocalCommunicator.
  [[nodiscard]] virtual Clock& clock() noexcept = 0;

  /// Starts a message. Alive until: test() returned true.
  [[nodiscard]] virtual Request start_send(ConstWords words, Peer to) = 0;
  [[nodiscard]] virtual Request start_receive(Words words, Peer from) = 0;
  /// True once the request is complete (it is then done, and stays so). Never blocks. Throws MpiError on failure.
  [[nodiscard]] virtual bool test(Request& request) = 0;
  /// Called by poll_until between two fruitless tests: yields the processor, or hands the baton on.
  virtual void idle() = 0;
  /// Called by poll_until after a test that was not fruitless, also where no message told of it.
  virtual void moved() noexcept {}

  /// Ranks with one number may open a window together; numbers are those of a node's first rank.
  [[nodiscard]] virtual int node() const noexcept { return rank(); }
  /// Room for windows on this node, in bytes.
  [[nodiscard]] virtual std::size_t window_bytes_free() const { return ~std::size_t{0}; }
  /// Memory that this rank shares with `ranks`, itself among them, all of one node. All pages are touched. Collective
  /// among these ranks, at start-up only: it may block; in a real job the process ends with the exit code of a lost
  /// silo when the deadline passes. The memory lives as long as the communicator, the window no longer than that.
  [[nodiscard]] virtual std::unique_ptr<NodeWindow> open_node_window(std::span<const int> ranks,
                                                                     std::size_t region_bytes,
                                                                     const Deadline& deadline);
  /// Memory in which messages are still under way, after a wait that failed: it lives as long as the communicator.
  void keep(std::shared_ptr<void> memory) { kept_.push_back(std::move(memory)); }

  /// Names ranks in messages, e.g. "silo va (rank 3, host n4)". Shapes: one text for each rank.
  void name_peers(std::vector<std::string> names);
  [[nodiscard]] std::string peer_name(int rank) const;

  /// Tells the peers that this rank is at work, kSignsBeforeDeadline times in a deadline however often it is called:
  /// between the steps of work that takes longer than peers would wait in silence. Waits show life by themselves.
  void show_life(double deadline_seconds);
  /// From now on every wait asks which rank's process is known to have ended, if any.
  void watch_peers(std::function<std::optional<int>()> ended_peer) { ended_peer_ = std::move(ended_peer); }
  [[nodiscard]] std::optional<int> ended_peer() const { return ended_peer_ ? ended_peer_() : std::nullopt; }

 private:
  friend class detail::WaitGuard;
  SignsOfLife& signs();
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<std::string> names_;
  std::function<std::optional<int>()> ended_peer_;
  std::unique_ptr<SignsOfLife> signs_;  // made when they are needed first
};

/// How long to wait for a peer without any progress, and what for.
struct Deadline {
  double seconds = 60.0;
  std::string_view step;                 // "sum"; a text that outlives the wait
  std::optional<RoundIndex> round = {};  // both go into the message of a lost peer: "sum, round 17"
};

/// What one look at a wait found.
struct WaitProgress {
  bool finished = false;
  bool moved = false;    // something arrived or left since the last look: the deadline starts anew
  int awaited_rank = 0;  // a rank that has not answered yet, -1: nobody knows which; only read when not finished
};

/// So many signs of life are given before a deadline has passed.
inline constexpr double kSignsBeforeDeadline = 4.0;

namespace detail {
/// Keeps the time of one wait. Throws PeerLostError when `deadline` has passed without progress, and somebody has been
/// silent for so long; or when a peer has ended.
class WaitGuard {
 public:
  WaitGuard(Communicator& communicator, const Deadline& deadline);
  void after(const WaitProgress& progress);

 private:
  Communicator& communicator_;
  const Deadline& deadline_;
  double begun_seconds_;
  double last_progress_seconds_;
  double looked_seconds_;
  bool listens_ = false;
  bool looked_after_deadline_ = false;
};
}  // namespace detail

/// The only place where this program waits for a peer: looks, and looks again, until `look` says finished.
/// Every request is looked at at least once even after the deadline has passed.
/// Throws: PeerLostError with the silo's name, the step and the seconds, when nothing moved for deadline.seconds and
/// that silo gave no sign of life either, or when all give signs, but wait for each other (then without a name where
/// nobody knows whose); at once when a peer's process has ended.
template <class Look>
void poll_until(Communicator& communicator, const Deadline& deadline, Look&& look) {
  detail::WaitGuard guard(communicator, deadline);
  for (WaitProgress progress = look(); !progress.finished; progress = look()) guard.after(progress);
}

/// Waits until every request is done; `ranks[i]` is the peer of `requests[i]`.
void wait_all(Communicator& communicator, std::span<Request> requests, std::span<const int> ranks,
              const Deadline& deadline);

/// Everybody's control message, in the order of ranks; takes memory for the requests once.
class AllGather {
 public:
  explicit AllGather(Communicator& communicator);
  /// Shapes: all.size() == size() * mine.size(), equal on all ranks. Collective. Throws: PeerLostError.
  void operator()(std::span<const std::byte> mine, std::span<std::byte> all, const Deadline& deadline);

 private:
  Communicator& communicator_;
  std::vector<int> ranks_;  // the peers, twice: first what is received from them, then what is sent
  std::vector<Request> requests_;
};

/// The same, for once.
void all_gather(Communicator& communicator, std::span<const std::byte> mine, std::span<std::byte> all,
                const Deadline& deadline);

/// This machine's name, at most kHostNameBytes - 1 characters.
inline constexpr std::size_t kHostNameBytes = 65;
[[nodiscard]] std::string host_name();

}  // namespace crossilo
