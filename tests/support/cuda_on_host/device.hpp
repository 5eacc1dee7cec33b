// Aim: a pretended device for tests without a GPU: all that is queued really happens, as late as it may.
// Method: a stream keeps its work and does one piece of it whenever somebody looks at an event; so a result that is
// read, or memory that is used again, before the event is finished, is wrong here every time (and seen by the address
// sanitizer).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "crossilo/foreign/cuda.hpp"

/// What memory holds that nobody has written.
constexpr int kFreshByte = 0xa5;

struct CUstream_st {
  std::deque<std::function<bool()>> work;  // each says whether it is done; it is asked again until it is
  std::uint64_t queued = 0;
  std::uint64_t done = 0;

  void queue(std::function<bool()> piece) {
    work.push_back(std::move(piece));
    ++queued;
  }
  void do_one_piece() {
    if (work.empty() || !work.front()()) return;
    work.pop_front();
    ++done;
  }
};

struct CUevent_st {
  CUstream_st* stream = nullptr;
  std::uint64_t mark = 0;  // pieces of work before it
};
