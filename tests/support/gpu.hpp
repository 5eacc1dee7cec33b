// Aim: tests that need a GPU skip where none is, and say why.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "crossilo/foreign/cuda.hpp"

namespace crossilo::testing {

/// The base of every test with the label gpu.
class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const CudaDevices devices = find_cuda_devices();
    if (devices.ids.empty()) GTEST_SKIP() << "no GPU: " << devices.none_because;
    use_cuda_device(0);
  }
};

/// A copy of host words on the device, and back.
template <class Word>
class OnDevice {
 public:
  explicit OnDevice(std::span<const Word> words) : host_(words.size()), device_(words.size()) {
    std::copy(words.begin(), words.end(), host_.span().begin());
    stream_.copy(std::span<const Word>(host_.span()), device_.span());
    finish();
  }
  explicit OnDevice(const std::vector<Word>& words) : OnDevice(std::span<const Word>(words)) {}
  [[nodiscard]] DeviceSpan<Word> span() const { return device_.span(); }
  [[nodiscard]] std::vector<Word> back() {
    stream_.copy(DeviceSpan<const Word>(device_.span()), host_.span());
    finish();
    return {host_.span().begin(), host_.span().end()};
  }

 private:
  void finish() {
    CudaEvent done;
    done.record(stream_);
    done.wait("a test's copy");
  }
  CudaStream stream_;
  PinnedBuffer<Word> host_;
  DeviceBuffer<Word> device_;
};

}  // namespace crossilo::testing
