#include "crossilo/comm/nccl_communicator.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"

namespace crossilo {
namespace {

// Used before the first round alone, while nothing else of this rank is under way.
constexpr int kIdTag = ReservedTag::last;

std::size_t place_in(std::span<const int> site, int rank) {
  CROSSILO_ASSERT(std::is_sorted(site.begin(), site.end()));
  const auto found = std::find(site.begin(), site.end(), rank);
  CROSSILO_ASSERT(found != site.end());
  return static_cast<std::size_t>(found - site.begin());
}

NcclId agree_on_id(Communicator& communicator, std::span<const int> site, const Deadline& deadline) {
  NcclId id{};
  if (place_in(site, communicator.rank()) == 0) id = make_nccl_id();
  share_in_site(communicator, site, id, deadline);
  return id;
}

}  // namespace

void share_in_site(Communicator& communicator, std::span<const int> site, std::span<std::byte> bytes,
                   const Deadline& deadline) {
  std::vector<Request> requests;
  std::vector<int> ranks;
  if (place_in(site, communicator.rank()) == 0) {
    ranks.assign(site.begin() + 1, site.end());
    for (const int rank : ranks)
      requests.push_back(communicator.start_send(std::span<const std::byte>(bytes), {rank, kIdTag}));
  } else {
    ranks.push_back(site.front());
    requests.push_back(communicator.start_receive(bytes, {site.front(), kIdTag}));
  }
  wait_all(communicator, requests, ranks, deadline);
}

NcclCommunicator::NcclCommunicator(Communicator& communicator, std::vector<int> site, const Deadline& deadline)
    : communicator_(communicator),
      site_(std::move(site)),
      rank_(place_in(site_, communicator.rank())),
      native_(agree_on_id(communicator, site_, deadline),
              {.rank = static_cast<int>(rank_), .size = static_cast<int>(site_.size())}),
      seconds_max_(deadline.seconds) {
  poll(deadline, [&] { return is_ready(); });
  is_set_up_ = true;
}

/// After the start-up any failure may be a peer's death: NCCL sees that something is wrong, rarely what, and never who.
/// Then nothing moves here any more, and whoever waits hears from the signs of life who is silent.
void NcclCommunicator::break_off(const NcclError& error) {
  native_.abort();
  if (site_.size() == 1 || (!is_set_up_ && !error.is_of_a_peer())) throw error;
  if (error.is_of_a_peer() && site_.size() == 2)
    throw PeerLostError(communicator_.peer_name(awaited_rank()) + " can no longer be reached: " + error.what(),
                        awaited_rank());
  failure_ = error.what();
  broken_seconds_ = communicator_.clock().now_seconds();
  log_warning("NCCL failed, maybe since a rank of this site is gone: " + failure_);
}

bool NcclCommunicator::is_ready() {
  if (failure_.empty()) try {
      return native_.ready();
    } catch (const NcclError& error) {
      break_off(error);
    }
  // Once for what still moved elsewhere, once for the silence: by now a silent rank would have been named.
  if (communicator_.clock().now_seconds() - broken_seconds_ > 2.0 * seconds_max_)
    throw NcclError("all ranks of this site are alive, but " + failure_);
  return false;
}

bool NcclCommunicator::test() try {
  if (!is_ready()) return false;
  if (step_ == Step::on_the_host) {
    finished_.record(*stream_);
    step_ = Step::on_the_device;
  }
  if (step_ == Step::on_the_device && !finished_.finished()) return false;
  step_ = Step::idle;
  return true;
} catch (const CudaError&) {
  native_.abort();
  throw;
}

void NcclCommunicator::wait(const Deadline& deadline) {
  poll(deadline, [&] { return test(); });
}

template <class Look>
void NcclCommunicator::poll(const Deadline& deadline, Look look) try {
  poll_until(communicator_, deadline, [&] { return WaitProgress{.finished = look(), .awaited_rank = awaited_rank()}; });
} catch (const PeerLostError&) {
  native_.abort();
  throw;
}

}  // namespace crossilo
