// Aim: small whole files for the fuzz targets to begin with, in FOLDER/TARGET/: without them no input would come past
// the first check of a format. Method: written by the program's own writers. Usage: write_seeds FOLDER
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "crossilo/io/checkpoint.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/safetensors.hpp"
#include "data/silo_example.hpp"

namespace {

namespace fs = std::filesystem;
using namespace crossilo;

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

void write_tables(const fs::path& folder) {
  write(folder / "csv/numbers", "silo,age,label\na,1,0\nb,2.5,1\n");
  write(folder / "csv/quotes", "silo;\"a \"\"x\"\"\";y\r\n a ;\"\";1e3\n\nb;-1;2\n");
  const std::string labels{0, 0, 8, 1, 0, 0, 0, 2, 0, 2};
  const std::string images{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
  write(folder / "idx/plain", static_cast<char>(labels.size()) + labels + images);
  const fs::path zipped = folder / "idx/zipped";
  const gzFile file = gzopen(zipped.c_str(), "wb");
  gzwrite(file, images.data(), static_cast<unsigned>(images.size()));
  gzclose(file);
  std::string bytes(fs::file_size(zipped), '\0');
  std::ifstream(zipped, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  write(zipped, static_cast<char>(labels.size()) + labels + bytes);
}

void write_site_lists(const fs::path& folder) {
  write(folder / "sites/file", "# who\nn[1-2,07]x, m1 north\nva\tsouth\r\n");
  write(folder / "sites/setting", "north: n[1-2], r[1-2]n[3-4]; south: s1");
  write(folder / "ini/sites", "[topology]\nsites_from = hosts\nhosts = \"a: n[1-4] ; b: s1\"\n");
}

void write_silo_files(const fs::path& folder) {
  fs::create_directories(folder / "silo_file");
  write_silo_file(folder / "silo_file/binary", example_silo());
  SiloData images = example_silo();
  images.schema = {{"p_0_0", "p_0_1", "p_1_0", "p_1_1"}, {}, {2, 2}, Task::regression};
  images.train = images.test = example_rows(2, 4, 2);
  write_silo_file(folder / "silo_file/images", images);
}

void write_runs(const fs::path& folder) {
  const std::vector<float> parameters{1.0f, -2.5f};
  const FederatedRows rows{.scaling = {.mean = {1.0}, .standard_deviation = {2.0}, .class_rows = {3.0, 4.0}},
                           .cohort = {.silos = {{0}}, .weights = {10}}};
  const FederationState state{.round = {3},
                              .parameters = parameters,
                              .server = {parameters},
                              .best_parameters = parameters,
                              .rows = &rows,
                              .silos = {{0}}};
  const std::vector<std::byte> sealed = seal_checkpoint(state, {}, "{\"round\":3}");
  write(folder / "checkpoint/small", std::string(reinterpret_cast<const char*>(sealed.data()), sealed.size()));

  fs::create_directories(folder / "safetensors");
  const TensorView tensors[] = {{"0.weight", {1, 2}, parameters}, {"bias", {}, std::span(parameters).first(1)}};
  write_safetensors(folder / "safetensors/two", tensors, {{"format", "crossilo"}});

  const RunFolder run = RunFolder::create_at(folder / "run");
  Manifest manifest{.name = "heart", .seed = 7, .rounds = 3, .silos = {"a", "b"}, .libraries = {{"HDF5", "1.10"}}};
  manifest.starts.push_back(
      {.version = "0.1", .command = "train", .ranks = {{.rank = 0, .host = "n", .silos = {"a"}}}});
  write_manifest(run, manifest);
  static_cast<void>(run.write_outcome({.exit_code = ExitCode::peer_lost, .text = "lost", .silo = "b"}));
  for (const char* name : {"manifest.json", "outcome.json"}) {
    fs::create_directories(folder / "run_folder");
    fs::rename(run.file(name), folder / "run_folder" / name);
  }
  fs::remove_all(folder / "run");
  write(folder / "run_folder/metrics",
        "{\"round\":1,\"train_loss\":0.5}\n{\"round\":2,\"train_loss\":null}\n{\"round\":3\n");
  write(folder / "run_folder/rank", "rank 3\nsilo va\nhost n4\npid 4711\nrunning\nround 1\nTround 2\nfinished\n");

  fs::create_directories(folder / "bench_lines");
  const std::string line =
      R"({"bench":"sum","x":"ranks","case":"a","ranks":4,"seconds_min":1,"seconds_median":2,"seconds_p90":3})";
  const std::string other =
      R"({"bench":"sum","x":"ranks","case":"b","ranks":4,"seconds_min":1e-9,"seconds_median":2,"seconds_p90":3,)"
      R"("group":"g","bound_seconds":1e-3,"bound":"wire","wrong_values":2,"sites":[0,1]})";
  write(folder / "bench_lines/four", line + "\n" + other + "\n{\"bench\":\"mask\"}\n" + line + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  write_tables(argv[1]);
  write_site_lists(argv[1]);
  write_silo_files(argv[1]);
  write_runs(argv[1]);
}
