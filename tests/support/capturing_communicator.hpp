// Aim: let a test see every buffer that a rank hands to its network, and the memory that it shares with its node.
// Method: a communicator around another one, which copies each message when it is started, and shows the own region of
// a window at every counter that is posted, and whenever the test asks.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo::test {

/// The window of another communicator; tells of every counter that this rank posts.
class WatchedWindow final : public NodeWindow {
 public:
  WatchedWindow(std::unique_ptr<NodeWindow> inner, std::size_t members, std::size_t own, std::function<void()> posted)
      : NodeWindow(blocks_of(*inner, members), own, inner->region(own).size()),
        inner_(std::move(inner)),
        own_(own),
        posted_(std::move(posted)) {}

 private:
  static std::vector<std::byte*> blocks_of(const NodeWindow& window, std::size_t members) {
    std::vector<std::byte*> blocks;
    for (std::size_t member = 0; member < members; ++member)
      blocks.push_back(window.region(member).data() - kHeaderBytes);
    return blocks;
  }
  void posted() noexcept override {
    inner_->post(0, inner_->read(own_, 0));  // the same once more: it wakes those who wait
    posted_();
  }
  std::unique_ptr<NodeWindow> inner_;
  std::size_t own_;
  std::function<void()> posted_;
};

class CapturingCommunicator final : public Communicator {
 public:
  struct Captured {
    Peer to;
    WordType type = WordType::byte;
    std::vector<std::byte> bytes;
  };

  explicit CapturingCommunicator(Communicator& inner) : inner_(inner) {}

  /// From now on this rank shares windows with its node, where it sent messages before; `look` sees the own region.
  void watch_window(std::function<void(std::span<const std::byte> own_region)> look) { look_ = std::move(look); }
  /// Calls `look`, once there is a window.
  void look_at_window() const {
    if (!own_region_.empty()) look_(own_region_);
  }

  /// Everything sent so far, in order.
  [[nodiscard]] const std::vector<Captured>& captured() const noexcept { return captured_; }

  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    const auto* bytes = static_cast<const std::byte*>(words.data);
    captured_.push_back({to, words.type, {bytes, bytes + words.count * size_of(words.type)}});
    return inner_.start_send(words, to);
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override { return inner_.start_receive(words, from); }
  [[nodiscard]] bool test(Request& request) override { return inner_.test(request); }
  void idle() override { inner_.idle(); }
  [[nodiscard]] int node() const noexcept override { return look_ ? inner_.node() : Communicator::node(); }
  /// From now on this rank's node has no more room for windows.
  void limit_windows(std::size_t bytes) noexcept { window_bytes_max_ = bytes; }
  [[nodiscard]] std::size_t window_bytes_free() const override {
    return std::min(inner_.window_bytes_free(), window_bytes_max_);
  }
  [[nodiscard]] std::unique_ptr<NodeWindow> open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                             const Deadline& deadline) override {
    auto window = inner_.open_node_window(ranks, region_bytes, deadline);
    if (!look_) return window;
    const auto own = static_cast<std::size_t>(std::ranges::find(ranks, rank()) - ranks.begin());
    own_region_ = window->region(own);
    return std::make_unique<WatchedWindow>(std::move(window), ranks.size(), own, [this] { look_at_window(); });
  }

 private:
  Communicator& inner_;
  std::size_t window_bytes_max_ = ~std::size_t{0};
  std::function<void(std::span<const std::byte>)> look_;
  std::span<const std::byte> own_region_;
  std::vector<Captured> captured_;
};

}  // namespace crossilo::test
