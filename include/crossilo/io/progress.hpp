// Aim: show how a run goes: one live line on a terminal, otherwise one line a round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace crossilo {

inline constexpr std::size_t kPlainColumns = 119;  // of a line that is not drawn on a terminal

/// What a round's line shows.
struct RoundProgress {
  std::uint32_t round = 0;
  std::uint32_t rounds = 0;
  std::string metric_name{};             // "accuracy"
  std::optional<double> metric{};        // nothing to show before the first evaluation
  std::optional<double> metric_error{};  // "auc 0.874 ± 0.004"; nothing where the metric is exact
  std::optional<double> loss{};
  double train_seconds = 0.0;         // of the slowest rank
  double sum_seconds = 0.0;           // without waiting for slower ranks
  double sum_bytes_per_second = 0.0;  // that this rank sent; 0: not known
  std::size_t silos = 0;              // that trained
  double total_seconds = 0.0;         // of this start
  double first_seconds = 0.0;         // of it until its first round was through
  std::uint32_t rounds_here = 0;      // of this start
  std::uint32_t best_round = 0;       // 0: none yet
};

/// "round 31/40  accuracy 0.874  loss 0.462  2.1 s left │ train 3 ms  sum 0.2 ms  12 MB/s  4 silos │ best round 31",
/// shortened from the right, part by part, to `columns`.
[[nodiscard]] std::string progress_line(const RoundProgress& progress, std::size_t columns = kPlainColumns);

/// Columns of the terminal that a live line may be drawn on; 0: there is none, or CI or TERM=dumb asks for plain lines.
/// mpirun gives each rank a terminal of its own, so under a launcher only CROSSILO_COLUMNS counts, which the
/// supervisor sets after a look at the real one.
[[nodiscard]] std::size_t live_columns();

/// The name of the variable by which a supervisor tells its ranks the width of the terminal.
inline constexpr const char* kColumnsVariable = "CROSSILO_COLUMNS";

/// Writes a text and flushes it. Where nobody reads any more (`| head`), it is dropped: a display never ends a run.
void show_text(std::FILE* stream, std::string_view text) noexcept;
/// "crossilo: warning: TEXT" on stderr.
void show_warning(std::string_view text);

/// Draws rounds to a stream. No colours are used, so NO_COLOR is always respected.
class Progress {
 public:
  /// `columns` as live_columns() says. Alive until: the stream outlives this object.
  Progress(std::FILE* stream, std::size_t columns) : stream_(stream), columns_(columns) {}
  /// Ends a live line, so that what follows starts on its own.
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const RoundProgress& progress);
  /// Call it before anything else is printed. Safe to call twice.
  void finish();

 private:
  std::FILE* stream_;
  std::size_t columns_;
  bool line_is_open_ = false;
};

}  // namespace crossilo
