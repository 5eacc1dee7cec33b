// Aim: the sum of ring words inside one site, between GPUs. Raw NCCL and its stub stand in foreign/nccl.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/foreign/nccl.hpp"

namespace crossilo {

/// The first rank of `site` (ranks of `communicator`, ascending, this one among them) hands its `bytes` to the others.
/// Collective in the site. Throws: PeerLostError.
void share_in_site(Communicator& communicator, std::span<const int> site, std::span<std::byte> bytes,
                   const Deadline& deadline);

/// The ranks of one site, each with a GPU of its own. One sum is under way at a time; nothing here blocks the host but
/// wait(), which has a deadline.
/// Deterministic: unsigned words wrap, so a total has the same bits as on every other path.
/// Any failure, and any deadline, aborts it; so nothing of it hangs on the device, and it is of no use any more.
class NcclCommunicator {
 public:
  /// `site`: as above. Collective in the site. Throws: PeerLostError, NcclError.
  NcclCommunicator(Communicator& communicator, std::vector<int> site, const Deadline& deadline);

  /// This rank's place among the ranks of its site.
  [[nodiscard]] std::size_t rank() const noexcept { return rank_; }
  [[nodiscard]] std::size_t size() const noexcept { return site_.size(); }
  /// Whom this rank waits for, if it does: the other one of two. -1: NCCL does not tell which of several.
  [[nodiscard]] int awaited_rank() const noexcept {
    return size() > 2 ? -1 : rank_ == 0 ? site_.back() : site_.front();
  }
  /// Words of a buffer that holds `words` ones in equal parts, one for each rank; those behind `words` are nobody's.
  [[nodiscard]] std::size_t padded(std::size_t words) const noexcept { return (words + size() - 1) / size() * size(); }
  /// The part of a padded buffer that rank() owns.
  template <class Word>
  [[nodiscard]] DeviceSpan<Word> own_part(DeviceSpan<Word> words) const {
    return words.subspan(words.size / size() * rank_, words.size / size());
  }

  /// Starts to add all ranks' words: own_part(words) becomes the total, in place, the rest of `words` is undefined.
  /// Collective. Shapes: words.size is padded() and equal on all ranks. Alive until: test() returned true.
  template <class Word>
  void start_reduce_scatter(DeviceSpan<Word> words, const CudaStream& stream) {
    start(stream, [&] { native_.start_reduce_scatter(words, stream); });
  }
  /// Starts to give every rank all others' own_part(words). As above.
  template <class Word>
  void start_all_gather(DeviceSpan<Word> words, const CudaStream& stream) {
    start(stream, [&] { native_.start_all_gather(words, stream); });
  }
  /// True once what was started is finished on the device; never, where NCCL failed after the start-up: mostly somebody
  /// is gone, and poll_until finds out who. Never blocks. Throws: PeerLostError when NCCL says that the only other one
  /// is gone; NcclError when it failed, and nobody was found silent; CudaError.
  [[nodiscard]] bool test();
  /// Looks until test() says true. Throws: PeerLostError after the deadline, too.
  void wait(const Deadline& deadline);

 private:
  enum class Step : std::uint8_t { idle, on_the_host, on_the_device };

  template <class Call>
  void start(const CudaStream& stream, Call call) {
    CROSSILO_ASSERT(step_ == Step::idle);
    stream_ = &stream;
    step_ = Step::on_the_host;
    try {
      call();
    } catch (const NcclError& error) {
      break_off(error);
    }
  }
  template <class Look>
  void poll(const Deadline& deadline, Look look);
  [[nodiscard]] bool is_ready();
  void break_off(const NcclError& error);

  Communicator& communicator_;
  std::vector<int> site_;
  std::size_t rank_;
  CudaEvent finished_;
  NcclHandle native_;
  Step step_ = Step::idle;
  double seconds_max_;  // of the deadline at start-up: how long a peer may be silent
  bool is_set_up_ = false;
  std::string failure_;                 // what NCCL said, where it failed
  double broken_seconds_ = 0.0;         // when
  const CudaStream* stream_ = nullptr;  // of what is under way
};

}  // namespace crossilo
