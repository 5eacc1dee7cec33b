#include "run_place.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/base/unix_time.hpp"
#include "crossilo/cli/version.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/resume.hpp"

namespace crossilo {
namespace {

constexpr const char* kStep = "start-up";
constexpr const char* kStartNote = "CROSSILO_START_NOTE";

std::string random_word() {
  Key256 key{};
  secure_random(key);
  return to_hex(key).substr(0, 16);
}

/// What the first rank tells the others.
struct Told {
  std::array<char, 1024> path{};
  std::array<char, 17> job{};
};

template <std::size_t Size>
void copy_text(const std::string& text, std::array<char, Size>& out) {
  if (text.size() >= Size) throw StorageError(text + ": this path is too long");
  std::memcpy(out.data(), text.data(), text.size());
}

/// With the run folder of an earlier start in the same batch job, where there was one: that counts more than the
/// options, which are those of the first start. A run that is to begin there has no manifest yet by which to resume it.
RankPlaces places_in_job(RankPlaces places) {
  constexpr std::string_view kResume = "resume ";
  constexpr std::string_view kBegin = "begin ";
  const char* const path = std::getenv(kStartNote);
  std::ifstream note(path == nullptr ? "" : path);
  for (std::string line; std::getline(note, line);) {
    if (line.starts_with(kResume)) {
      places.resume = line.substr(kResume.size());
      places.run_folder.clear();
    }
    if (line.starts_with(kBegin)) {
      places.run_folder = line.substr(kBegin.size());
      clear_for_start(RunFolder(places.run_folder));
    }
  }
  return places;
}

}  // namespace

void clear_for_start(const RunFolder& folder) {
  const RunLock ranks(folder.path(), random_word());
  folder.begin_again();
}

OpenedRun open_run(const Config& config, const RankPlaces& places) {
  RunChoice choice;
  if (places.resume == "auto")
    choice = choose_run(places.runs_folder, config.run.name, resume_hash(config));
  else if (places.resume != "never")
    choice = take_run(places.resume, resume_hash(config));
  const bool is_new = choice.path.empty();
  RunFolder folder = is_new ? RunFolder::create(places.runs_folder, config.run.name) : RunFolder(choice.path);
  RunLock supervisors(folder.path(), random_word(), "start.lock");
  if (!is_new) {
    clear_for_start(folder);
    if (!places.is_quiet) show_text(stdout, choice.sentence + "\n");
  }
  return {std::move(folder), is_new, std::move(supervisors)};
}

RunPlace agree_on_run_place(Communicator& communicator, const Config& config, const RankPlaces& given) {
  const Deadline deadline{.seconds = config.run.peer_seconds_max, .step = kStep};
  Told own;
  std::optional<RunPlace> place;
  if (communicator.rank() == 0) {
    const RankPlaces places = places_in_job(given);
    const std::string job = random_word();
    std::optional<OpenedRun> opened;
    if (places.run_folder.empty()) opened.emplace(open_run(config, places));
    RunFolder folder = opened ? opened->folder : RunFolder(places.run_folder);
    if (folder.has_outcome())
      throw StorageError(folder.path() + ": a finished run lies here; --resume " + folder.path() +
                         " goes on with it, and without --run_folder a new one is made");
    RunLock lock(folder.path(), job);
    note_for_job("folder " + folder.path());
    copy_text(folder.path(), own.path);
    copy_text(job, own.job);
    place.emplace(RunPlace{std::move(folder), std::move(lock)});
  }
  std::vector<Told> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(all)), deadline);
  if (!place) {
    RunFolder folder = RunFolder::create_at(all.front().path.data());
    if (folder.has_outcome()) folder.begin_again();  // on a file system that the first rank does not see
    RunLock lock(folder.path(), all.front().job.data());
    place.emplace(RunPlace{std::move(folder), std::move(lock)});
  }
  // None goes on, and may fail and leave an outcome, before all have cleared those of starts before.
  const std::byte opened{1};
  std::vector<std::byte> all_opened(all.size());
  all_gather(communicator, std::span(&opened, 1), all_opened, deadline);
  return std::move(*place);
}

void note_for_job(const std::string& line) {
  const char* const path = std::getenv(kStartNote);
  if (path == nullptr) return;
  std::ofstream file(path, std::ios::app);
  if (!(file << line + "\n" << std::flush))
    throw StorageError(fmt::format("{} ({}): cannot be written: {}", path, kStartNote, std::strerror(errno)));
}

std::optional<Checkpoint> newest_checkpoint(Communicator& communicator, const RunFolder& folder,
                                            const CheckpointKeys& keys, double peer_seconds_max) {
  const std::string name = folder.file("checkpoints");
  std::string damaged;
  auto own = CheckpointFolder::newest(name, [&](const std::string& text) {
    damaged = text;
    log_warning(text);
    if (communicator.rank() == 0) show_warning(text + "; an older one is looked for");
  });
  const auto sealed = share_newest(communicator, std::move(own), {.seconds = peer_seconds_max, .step = "resume"});
  if (!sealed && !damaged.empty())
    throw StorageError(
        fmt::format("{}: of its checkpoints none is whole ({}); bring one back, or begin anew with "
                    "--resume never",
                    folder.path(), damaged));
  if (!sealed) return std::nullopt;
  Checkpoint checkpoint(*sealed, name);
  checkpoint.require(keys, name);
  return checkpoint;
}

void note_start(const RunFolder& folder, const Config& config, const CheckpointKeys& keys, ManifestStart start) {
  Manifest manifest = read_manifest(folder).value_or(Manifest{.relaunches = early_relaunches(folder)});
  manifest.name = config.run.name;
  manifest.settings = keys.settings;
  manifest.schema = keys.schema;
  manifest.model_schema = keys.model_schema;
  manifest.seed = config.run.seed;
  manifest.rounds = config.run.rounds;
  manifest.silos = config.run.silos;
  manifest.libraries = library_versions();
  start.started_unix_seconds = unix_seconds();
  manifest.starts.push_back(std::move(start));
  write_manifest(folder, manifest);
  drop_early_relaunches(folder);
  write_file_atomically(folder.file("config.ini"), config_text(config));
}

}  // namespace crossilo
