#include "crossilo/aggregate/mask_cuda.hpp"
#include "cuda_launch.cuh"

namespace crossilo {
namespace {

template <class Word>
struct AddAndWipe {
  Word* words;
  Word* mask;
  __device__ void operator()(std::uint64_t i) const {
    words[i] += mask[i];
    mask[i] = 0;
  }
};

template <class Word>
void add_and_wipe(DeviceSpan<Word> words, DeviceSpan<Word> mask, const CudaStream& stream) {
  CROSSILO_ASSERT(words.size == mask.size);
  for_each_on_device(words.size, AddAndWipe<Word>{words.data, mask.data}, "mask on the GPU", stream);
}

}  // namespace

void add_and_wipe_cuda(DeviceSpan<std::uint32_t> words, DeviceSpan<std::uint32_t> mask, const CudaStream& stream) {
  add_and_wipe(words, mask, stream);
}
void add_and_wipe_cuda(DeviceSpan<std::uint64_t> words, DeviceSpan<std::uint64_t> mask, const CudaStream& stream) {
  add_and_wipe(words, mask, stream);
}

}  // namespace crossilo
