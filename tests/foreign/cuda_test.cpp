// Aim: without CUDA, NCCL or a GPU the program says so, in words that help, and a failed call names itself.
// Method: the paths of both builds that need no device; each build skips what only the other has.
#include "crossilo/foreign/cuda.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "crossilo/foreign/nccl.hpp"

namespace crossilo {
namespace {

template <class ErrorType, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const ErrorType& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::environment);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Cuda, WithoutADeviceThereIsAReason) {
  const CudaDevices devices = find_cuda_devices();
  EXPECT_EQ(devices.ids.empty(), !devices.none_because.empty()) << devices.none_because;
}

TEST(Cuda, ABuildWithoutItSaysSoAndWhatToDo) {
  if (cuda_version() != "not used in this build") GTEST_SKIP() << "built with CUDA " << cuda_version();
  EXPECT_EQ(find_cuda_devices().none_because, "built without CUDA");
  for (const auto& call :
       {std::function<void()>([] { CudaStream(); }), std::function<void()>([] { CudaEvent(); }),
        std::function<void()>([] { DeviceBuffer<float>(1); }), std::function<void()>([] { PinnedBuffer<float>(1); }),
        std::function<void()>([] { use_cuda_device(0); })})
    EXPECT_EQ(message_of<CudaError>(call),
              "this crossilo is built without CUDA: build it again with the preset cuda (docs/install.md)");
  EXPECT_EQ(nccl_version(), "not used in this build");
  for (const auto& call :
       {std::function<void()>([] { (void)make_nccl_id(); }), std::function<void()>([] { NcclHandle({}, {}); })})
    EXPECT_EQ(message_of<NcclError>(call),
              "this crossilo is built without NCCL: build it again with the preset cuda (docs/install.md)");
}

TEST(Cuda, AFailureNamesCallCodeAndPlace) {
  if (cuda_version() == "not used in this build") GTEST_SKIP() << "built without CUDA";
  EXPECT_NO_THROW(check_cuda(0, "cudaMalloc"));
  const std::string text = message_of<CudaError>([] { check_cuda(2, "cudaMalloc"); });
  EXPECT_EQ(text.find("cudaMalloc failed with code 2: cudaErrorMemoryAllocation, out of memory ("), 0U) << text;
  EXPECT_NE(text.find("cuda_test.cpp:"), std::string::npos) << text;
  EXPECT_NO_THROW(check_nccl(0, "ncclAllGather"));
  EXPECT_NE(message_of<NcclError>([] { check_nccl(5, "ncclAllGather"); }).find("ncclAllGather failed with code 5: "),
            std::string::npos);
  try {
    check_nccl(6, "ncclAllGather");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const NcclError& error) {
    EXPECT_TRUE(error.is_of_a_peer());
  }
}

}  // namespace
}  // namespace crossilo
