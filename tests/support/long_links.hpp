// Aim: sites that are far apart, on virtual time.
// Method: a communicator around a local one; a message to another site is there after its link's delay, and behind
// those that were sent over this link before, at the link's rate. As over TCP, a short message has left at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo::test {

/// What all ranks of one run share; they take turns.
struct LongLinks {
  struct Link {
    double delay_seconds = 0.0;
    double bytes_per_second = 1e300;
    double free_seconds = 0.0;  // when the last message has left
  };
  std::vector<int> site_of_rank;
  std::map<std::pair<int, int>, Link> links;                               // by sites, one way
  std::map<std::tuple<int, int, int>, std::vector<double>> due_seconds{};  // by sender, receiver and tag

  std::deque<std::vector<std::byte>> sent{};

  void join(int site, int other, Link link) { links[{site, other}] = links[{other, site}] = link; }
  [[nodiscard]] Link* between(int from, int to) {
    const auto found =
        links.find({site_of_rank[static_cast<std::size_t>(from)], site_of_rank[static_cast<std::size_t>(to)]});
    return found == links.end() ? nullptr : &found->second;
  }
};

class LongLinkCommunicator final : public Communicator {
 public:
  LongLinkCommunicator(Communicator& inner, LongLinks& links) : inner_(inner), links_(links) {}

  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    if (LongLinks::Link* const link = links_.between(rank(), to.rank)) {
      const auto bytes = static_cast<double>(words.count * size_of(words.type));
      link->free_seconds = std::max(link->free_seconds, clock().now_seconds()) + bytes / link->bytes_per_second;
      links_.due_seconds[{rank(), to.rank, to.tag}].push_back(link->free_seconds + link->delay_seconds);
    }
    // A copy travels on; its own request is never looked at again.
    const auto* const bytes = static_cast<const std::byte*>(words.data);
    links_.sent.emplace_back(bytes, bytes + words.count * size_of(words.type));
    (void)inner_.start_send(ConstWords(links_.sent.back().data(), words.count, words.type), to);
    return {};
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override {
    const Request request = inner_.start_receive(words, from);
    if (links_.between(from.rank, rank()) != nullptr)
      awaited_[request.slot] = {from, received_[{from.rank, from.tag}]++};
    return request;
  }
  [[nodiscard]] bool test(Request& request) override {
    const std::uint32_t slot = request.slot;
    if (const auto found = awaited_.find(slot); found != awaited_.end()) {
      const auto& [from, index] = found->second;
      const std::vector<double>& due = links_.due_seconds[{from.rank, rank(), from.tag}];
      if (index >= due.size() || clock().now_seconds() < due[index]) return false;
    }
    if (!inner_.test(request)) return false;
    awaited_.erase(slot);
    return true;
  }
  void idle() override { inner_.idle(); }
  [[nodiscard]] int node() const noexcept override { return inner_.node(); }
  [[nodiscard]] std::unique_ptr<NodeWindow> open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                             const Deadline& deadline) override {
    return inner_.open_node_window(ranks, region_bytes, deadline);
  }

 private:
  Communicator& inner_;
  LongLinks& links_;
  std::map<std::uint32_t, std::pair<Peer, std::size_t>> awaited_;  // by request
  std::map<std::pair<int, int>, std::size_t> received_;            // messages, by sender and tag
};

}  // namespace crossilo::test
