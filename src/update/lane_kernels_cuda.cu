#include "crossilo/update/lane_kernels_cuda.hpp"
#include "cuda_launch.cuh"

// Compiled with --fmad=false: what has to be equal bit for bit may not be fused.
namespace crossilo {
namespace {

struct Encode {
  EncodeTask task;
  std::uint64_t* clamped;
  std::uint64_t* not_finite;
  __device__ void operator()(std::uint64_t j) const {
    const EncodeCounts counts = encode_word(task, j);
    add_to(clamped, counts.clamped);
    add_to(not_finite, counts.not_finite);
  }
};

struct Decode {
  DecodeTask task;
  std::uint64_t* beyond;
  __device__ void operator()(std::uint64_t j) const { add_to(beyond, decode_word(task, j)); }
};

struct NormParts {
  DeviceSpan<const float> values;
  double* parts;
  __device__ void operator()(std::uint64_t j) const { parts[j] = NormBlocks::part(values.data, values.size, j); }
};

struct Scale {
  float* values;
  double factor;
  __device__ void operator()(std::uint64_t i) const {
    values[i] = static_cast<float>(static_cast<double>(values[i]) * factor);
  }
};

}  // namespace

void encode_cuda(const EncodeTask& task, DeviceSpan<std::uint64_t> clamped, DeviceSpan<std::uint64_t> not_finite,
                 const CudaStream& stream) {
  for_each_on_device(task.word_count(), Encode{task, clamped.data, not_finite.data}, "encode on the GPU", stream);
}

void decode_cuda(const DecodeTask& task, DeviceSpan<std::uint64_t> beyond, const CudaStream& stream) {
  for_each_on_device(task.word_count(), Decode{task, beyond.data}, "decode on the GPU", stream);
}

void norm_parts_cuda(DeviceSpan<const float> values, DeviceSpan<double> parts, const CudaStream& stream) {
  CROSSILO_ASSERT(parts.size == NormBlocks::parts_of(values.size));
  for_each_on_device(parts.size, NormParts{values, parts.data}, "clip on the GPU", stream);
}

void scale_cuda(DeviceSpan<float> values, double factor, const CudaStream& stream) {
  for_each_on_device(values.size, Scale{values.data, factor}, "clip on the GPU", stream);
}

}  // namespace crossilo
