// Joins two network namespaces by a link with delay, rate and queue, for kernels without netem:
//   shaped_link NETNS_A NETNS_B DEVICE DELAY_MS RATE_MBIT QUEUE_KB        delay: one way; queue: what a router holds
// Each namespace gets a TUN device of that name. Prints "ready", then carries packets until it is killed.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kFramingBytes = 38;  // Ethernet: preamble, header, checksum, gap
constexpr std::size_t kPacketBytesMax = 70'000;

/// What the kernel puts before each packet; its own header is no C++.
struct PacketHead {
  std::uint8_t flags, gso_type;
  std::uint16_t hdr_len, gso_size, csum_start, csum_offset;
};

struct LinkOptions {
  std::int64_t delay_nanoseconds = 0;
  double nanoseconds_per_byte = 0.0;
  double queue_bytes = 0.0;
};

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "shaped_link: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

/// Makes the device in that namespace. The kernel hands over large TCP packets uncut, else one core could not keep up.
int open_device(const char* network_namespace, const char* name) {
  const int there = ::open(network_namespace, O_RDONLY | O_CLOEXEC);
  if (there < 0 || ::setns(there, CLONE_NEWNET) != 0) stop(network_namespace);
  ::close(there);
  const int device = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) stop("/dev/net/tun");
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  int header_bytes = sizeof(PacketHead);
  if (::ioctl(device, TUNSETIFF, &request) != 0) stop("TUNSETIFF");
  if (::ioctl(device, TUNSETVNETHDRSZ, &header_bytes) != 0) stop("TUNSETVNETHDRSZ");
  if (::ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) stop("TUNSETOFFLOAD");
  return device;
}

/// Bytes that the packet takes on a wire, where it would be cut into segments with headers of their own.
std::int64_t wire_bytes(const char* packet, std::size_t packet_bytes) {
  PacketHead head{};
  std::memcpy(&head, packet, sizeof(head));
  const auto bytes = static_cast<std::int64_t>(packet_bytes - sizeof(head));
  const std::int64_t segments = head.gso_size == 0 ? 1 : (bytes + head.gso_size - 1) / head.gso_size;
  return bytes + (segments - 1) * head.hdr_len + segments * kFramingBytes;
}

/// One direction: what comes out of one device goes into the other when its time has come.
class Direction {
 public:
  Direction(int from, int to, const LinkOptions& options) : from_(from), to_(to), options_(options) {}

  void take() {
    static char buffer[kPacketBytesMax];
    for (ssize_t got; (got = ::read(from_, buffer, sizeof(buffer))) > 0;) {
      const auto packet_bytes = static_cast<std::size_t>(got);
      if (packet_bytes < sizeof(PacketHead)) continue;
      const std::int64_t time = now();
      free_at_ = std::max(free_at_, time);
      if (static_cast<double>(free_at_ - time) > options_.queue_bytes * options_.nanoseconds_per_byte)
        continue;  // full
      free_at_ += static_cast<std::int64_t>(static_cast<double>(wire_bytes(buffer, packet_bytes)) *
                                            options_.nanoseconds_per_byte);
      flying_.push_back({free_at_ + options_.delay_nanoseconds, {buffer, buffer + packet_bytes}});
    }
  }

  void deliver() {
    for (; !flying_.empty() && flying_.front().due <= now(); flying_.pop_front())
      if (::write(to_, flying_.front().bytes.data(), flying_.front().bytes.size()) < 0 && errno == EBADF) stop("write");
  }

  [[nodiscard]] std::int64_t next_due(std::int64_t otherwise) const {
    return flying_.empty() ? otherwise : std::min(otherwise, flying_.front().due);
  }

 private:
  struct Packet {
    std::int64_t due;
    std::vector<char> bytes;
  };
  int from_;
  int to_;
  LinkOptions options_;
  std::int64_t free_at_ = 0;  // when the wire has sent all that came so far
  std::deque<Packet> flying_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return std::fprintf(stderr, "shaped_link NETNS_A NETNS_B DEVICE DELAY_MS RATE_MBIT QUEUE_KB\n"), 2;
  const LinkOptions options{.delay_nanoseconds = static_cast<std::int64_t>(std::atof(argv[4]) * 1e6),
                            .nanoseconds_per_byte = 8000.0 / std::atof(argv[5]),
                            .queue_bytes = 1000.0 * std::atof(argv[6])};
  const int a = open_device(argv[1], argv[3]);
  const int b = open_device(argv[2], argv[3]);
  Direction there(a, b, options);
  Direction back(b, a, options);
  // Ranks that spin would take its turns; where this is not allowed, the link is only less steady.
  const sched_param priority{.sched_priority = 50};
  (void)::sched_setscheduler(0, SCHED_FIFO, &priority);
  (void)::prctl(PR_SET_TIMERSLACK, 1);
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    const std::int64_t wait = there.next_due(back.next_due(now() + kNanosecondsPerSecond)) - now();
    const timespec timeout{0, std::clamp<std::int64_t>(wait, 0, kNanosecondsPerSecond - 1)};
    pollfd devices[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    if (::ppoll(devices, 2, &timeout, nullptr) < 0 && errno != EINTR) stop("ppoll");
    there.take();
    back.take();
    there.deliver();
    back.deliver();
  }
}
