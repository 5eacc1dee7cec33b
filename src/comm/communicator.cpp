#include "crossilo/comm/communicator.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "message_mismatch.hpp"
#include "signs_of_life.hpp"

namespace crossilo {

EnvironmentError message_mismatch(const std::string& sender, Peer from, MessageShape expected) {
  std::ostringstream text;
  text << "expected " << expected.count << " words of " << size_of(expected.type) << " bytes from " << sender
       << " under tag " << from.tag << ", but the message has another length or type; do all silos run the same "
       << "program with the same configuration?";
  return EnvironmentError(text.str());
}

Communicator::Communicator() = default;
Communicator::~Communicator() = default;

SignsOfLife& Communicator::signs() {
  if (!signs_) signs_ = std::make_unique<SignsOfLife>(*this);
  return *signs_;
}

void Communicator::show_life(double deadline_seconds) {
  signs().exchange(/*waits=*/false, deadline_seconds / kSignsBeforeDeadline);
}

void Communicator::name_peers(std::vector<std::string> names) {
  CROSSILO_ASSERT(names.size() == static_cast<std::size_t>(size()));
  names_ = std::move(names);
}

std::string Communicator::peer_name(int rank) const {
  CROSSILO_ASSERT(rank >= 0 && rank < size());
  return names_.empty() ? "rank " + std::to_string(rank) : names_[static_cast<std::size_t>(rank)];
}

namespace {

/// The words between quotes in: has not answered for 3 s in "sum, round 17".
std::string step_text(const Deadline& deadline) {
  std::string text(deadline.step);
  if (deadline.round) text += ", round " + std::to_string(deadline.round->value);
  return '"' + text + '"';
}

/// The memory of a rank that is alone on its node.
class PrivateWindow final : public NodeWindow {
 public:
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes{};
  };
  PrivateWindow(std::vector<Line>& lines, std::size_t region_bytes)
      : NodeWindow({lines.front().bytes.data()}, 0, region_bytes) {}
  static std::shared_ptr<std::vector<Line>> make_lines(std::size_t region_bytes) {
    return std::make_shared<std::vector<Line>>((kHeaderBytes + region_bytes + sizeof(Line) - 1) / sizeof(Line));
  }
};

}  // namespace

std::unique_ptr<NodeWindow> Communicator::open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                           const Deadline& /*deadline*/) {
  CROSSILO_ASSERT(ranks.size() == 1 && ranks.front() == rank());
  const auto lines = PrivateWindow::make_lines(region_bytes);
  keep(lines);
  return std::make_unique<PrivateWindow>(*lines, region_bytes);
}

namespace detail {

// When all live and wait, something is wrong with this program or the network, and somebody has to end it.
constexpr double kPatienceWithTheLiving = 4.0;

WaitGuard::WaitGuard(Communicator& communicator, const Deadline& deadline)
    : communicator_(communicator),
      deadline_(deadline),
      begun_seconds_(communicator.clock().now_seconds()),
      last_progress_seconds_(begun_seconds_),
      looked_seconds_(begun_seconds_) {}

void WaitGuard::after(const WaitProgress& progress) {
  const double now_seconds = communicator_.clock().now_seconds();
  const double sign_seconds = deadline_.seconds / kSignsBeforeDeadline;
  // While this process itself was stopped, as its whole job may have been, nobody's silence counts.
  if (now_seconds - std::exchange(looked_seconds_, now_seconds) > sign_seconds) {
    begun_seconds_ = last_progress_seconds_ = now_seconds;
    looked_after_deadline_ = false;
  }
  if (progress.moved) {
    last_progress_seconds_ = now_seconds;
    looked_after_deadline_ = false;
    return communicator_.moved();
  }
  if (const auto ended = communicator_.ended_peer())
    throw PeerLostError(communicator_.peer_name(*ended) + " died in " + step_text(deadline_) + " (its process is gone)",
                        *ended);
  const double stalled_seconds = now_seconds - last_progress_seconds_;
  if (stalled_seconds >= sign_seconds) {
    if (!std::exchange(listens_, true)) communicator_.signs().begin_wait();
    communicator_.signs().exchange(/*waits=*/true, sign_seconds);
  }
  if (stalled_seconds < deadline_.seconds) return communicator_.idle();
  if (looked_after_deadline_) {
    SignsOfLife& signs = communicator_.signs();
    int lost = signs.silent_rank(progress.awaited_rank, begun_seconds_, deadline_.seconds);
    if (lost < 0 && (!signs.all_wait() || stalled_seconds < kPatienceWithTheLiving * deadline_.seconds))
      return communicator_.idle();
    if (lost < 0) lost = progress.awaited_rank;
    std::ostringstream text;  // "60", not "60.000000"
    if (lost < 0)
      text << "nobody is silent, but for " << stalled_seconds << " s all ranks have waited for each other in ";
    else
      text << communicator_.peer_name(lost) << " has not answered for " << deadline_.seconds << " s in ";
    text << step_text(deadline_);
    throw PeerLostError(text.str(), lost);
  }
  // This process itself may have slept past the deadline, with the answer already here: look once more.
  looked_after_deadline_ = true;
}

}  // namespace detail

void wait_all(Communicator& communicator, std::span<Request> requests, std::span<const int> ranks,
              const Deadline& deadline) {
  CROSSILO_ASSERT(requests.size() == ranks.size());
  poll_until(communicator, deadline, [&] {
    WaitProgress progress{.finished = true};
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].done()) continue;
      if (communicator.test(requests[i])) {
        progress.moved = true;
      } else if (progress.finished) {
        progress.finished = false;
        progress.awaited_rank = ranks[i];
      }
    }
    return progress;
  });
}

AllGather::AllGather(Communicator& communicator) : communicator_(communicator) {
  for (int time = 0; time < 2; ++time)
    for (int rank = 0; rank < communicator.size(); ++rank)
      if (rank != communicator.rank()) ranks_.push_back(rank);
  requests_.resize(ranks_.size());
}

void AllGather::operator()(std::span<const std::byte> mine, std::span<std::byte> all, const Deadline& deadline) {
  CROSSILO_ASSERT(all.size() == mine.size() * static_cast<std::size_t>(communicator_.size()));
  const auto part = [&](int rank) { return all.subspan(mine.size() * static_cast<std::size_t>(rank), mine.size()); };
  // Receives first: a silo that does not answer is named by what it owes, not by what it did not take.
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    const Peer peer{.rank = ranks_[i], .tag = ReservedTag::all_gather};
    requests_[i] = 2 * i < ranks_.size() ? communicator_.start_receive(Words(part(peer.rank)), peer)
                                         : communicator_.start_send(ConstWords(mine), peer);
  }
  if (!mine.empty()) std::memcpy(part(communicator_.rank()).data(), mine.data(), mine.size());
  wait_all(communicator_, requests_, ranks_, deadline);
}

void all_gather(Communicator& communicator, std::span<const std::byte> mine, std::span<std::byte> all,
                const Deadline& deadline) {
  AllGather{communicator}(mine, all, deadline);
}

std::string host_name() {
  std::array<char, kHostNameBytes> host{};
  // A name that does not fit is cut; without any, the text still says something.
  if (::gethostname(host.data(), host.size() - 1) != 0 && host[0] == '\0') return "unknown";
  return host.data();
}

}  // namespace crossilo
