// Aim: a saved model is read back with all that its use needs, TorchScript modules too; a file that does not fit is
// refused. Method: a job on a small silo file, parameters and scaling written by hand, the file read, damaged and read
// again.
#include "../../src/cli/saved_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "../../src/cli/model_file.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/safetensors.hpp"
#include "data/temporary_folder.hpp"
#include "support/scripted_module.hpp"

namespace crossilo {
namespace {

class SavedModelTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { static const TorchSession session; }

  /// Eight rows of a 4 x 6 image, or of a table with 24 columns.
  Config config_for(Task task, std::vector<std::size_t> sample_shape, const std::string& model) {
    SiloData data;
    data.schema = {.sample_shape = std::move(sample_shape), .task = task};
    for (int i = 0; i < 24; ++i) data.schema.feature_names.push_back("p" + std::to_string(i));
    if (task == Task::binary) data.schema.class_names = {"healthy", "ill"};
    if (task == Task::multiclass) data.schema.class_names = {"a", "b", "c"};
    for (RowSet* rows : {&data.train, &data.test}) {
      rows->rows = 8;
      for (int i = 0; i < 8 * 24; ++i) rows->x.push_back(static_cast<float>(std::sin(i * 1.3) * 5.0 + i % 24));
      for (int i = 0; i < 8; ++i) rows->y.push_back(static_cast<float>(i % 2));
    }
    write_silo_file(folder_.path("a.h5"), data);
    Config config;
    config.run = {.name = "test", .silos = {"a"}, .rounds = 1};
    config.data = {.path = folder_.path("a.h5"), .private_folder = folder_.path("private")};
    config.model = {.name = model, .hidden = {7}, .channels = {3}};
    config.train.batch_size = 4;
    return config;
  }

  TrainedModel trained_for(Job& job) const {
    TrainedModel trained;
    trained.best.round = RoundIndex{5};
    for (std::size_t i = 0; i < job.model().parameters().size(); ++i)
      trained.best.parameters.push_back(static_cast<float>(1.0 + std::sin(double(i)) / 2.0));
    trained.scaling = {.mean = std::vector<double>(24, 1.5),
                       .standard_deviation = std::vector<double>(24, 2.0 / 3.0),
                       .target_mean = 10.1,
                       .target_standard_deviation = 3.0};
    return trained;
  }

  /// Writes a model of `config`, reads it back and compares.
  void expect_round_trip(const Config& config) {
    Job job(config, {SiloId{0}});
    const TrainedModel trained = trained_for(job);
    write_model(path_, config, job, trained, trained.best);
    SavedModel saved = read_saved_model(path_);
    EXPECT_EQ(saved.schema, job.schema());
    EXPECT_TRUE(std::ranges::equal(saved.model.parameters(), trained.best.parameters));
    EXPECT_EQ(saved.model.schema_hash(), job.model().schema_hash());
    EXPECT_EQ(saved.scaling.mean, trained.scaling.mean);
    EXPECT_EQ(saved.scaling.standard_deviation, trained.scaling.standard_deviation);
    EXPECT_EQ(saved.in_target_unit(2.0), 16.1);
    std::vector<float> x(48, 1.5f);
    x[3] = std::numeric_limits<float>::quiet_NaN();  // the mean, as all others
    std::ranges::copy(trained.best.parameters, job.model().parameters().begin());
    EXPECT_EQ(saved.outputs_for(x), job.model().outputs_for(std::vector<float>(48, 0.0f)));
  }

  std::string refusal() const {
    try {
      (void)read_saved_model(path_);
    } catch (const Error& error) {
      EXPECT_TRUE(error.exit_code() == ExitCode::data || error.exit_code() == ExitCode::configuration) << error.what();
      return error.what();
    }
    return "accepted";
  }

  /// Writes a logreg, changes its contents and says what the reader finds.
  template <class Change>
  std::string refusal_after(const Change& change) {
    const Config config = config_for(Task::binary, {24}, "logreg");
    Job job(config, {SiloId{0}});
    const TrainedModel trained = trained_for(job);
    write_model(path_, config, job, trained, trained.best);
    TensorFile file = read_safetensors(path_);
    change(file);
    std::vector<TensorView> views;
    for (const Tensor& tensor : file.tensors) views.push_back({tensor.name, tensor.shape, tensor.values});
    write_safetensors(path_, views, file.metadata);
    return refusal();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path("model/global.safetensors");
};

TEST_F(SavedModelTest, ModelsOfTheZooAreReadBack) {
  expect_round_trip(config_for(Task::binary, {24}, "logreg"));
  expect_round_trip(config_for(Task::regression, {24}, "linreg"));
  expect_round_trip(config_for(Task::multiclass, {24}, "mlp"));
  expect_round_trip(config_for(Task::multiclass, {4, 6}, "cnn"));
}

TEST_F(SavedModelTest, TorchscriptIsReadBackFromTheFileBesideIt) {
  Config config = config_for(Task::multiclass, {24}, "");
  config.model.torchscript = folder_.path("m.pt");
  normalised_module(24, 3).save(config.model.torchscript);
  expect_round_trip(config);
  // For users of PyTorch: the module with the trained weights.
  torch::jit::Module trained = torch::jit::load(folder_.path("model/global.pt"));
  EXPECT_EQ(trained.attr("first").toTensor()[0][0].item<float>(), 1.0f);
  EXPECT_FALSE(trained.attr("training").toBool());

  std::ofstream(folder_.path("model/architecture.pt"), std::ios::app) << "x";
  EXPECT_NE(refusal().find("expected " + read_safetensors(path_).metadata.at("torchscript_sha256")), std::string::npos);
  std::filesystem::remove(folder_.path("model/architecture.pt"));
  EXPECT_NE(refusal().find("architecture.pt: no such file"), std::string::npos);
}

TEST_F(SavedModelTest, ARunFolderMeansItsBestModel) {
  expect_round_trip(config_for(Task::binary, {24}, "logreg"));
  EXPECT_EQ(read_saved_model(folder_.path("")).schema.class_names.front(), "healthy");
}

TEST_F(SavedModelTest, FilesThatDoNotFitAreRefused) {
  const auto with = [&](const char* key, const char* value) {
    return refusal_after([&](TensorFile& file) { file.metadata[key] = value; });
  };
  EXPECT_EQ(refusal_after([](TensorFile&) {}), "accepted");
  EXPECT_NE(with("format", "crossilo-model-1").find("crossilo-model-2 expected"), std::string::npos);
  EXPECT_NE(with("features", "[1,").find("metadata key features"), std::string::npos);
  EXPECT_NE(with("sample_shape", "[4294967296, 4294967296, 24]").find("samples of 0 values"), std::string::npos);
  EXPECT_NE(with("classes", "[\"one\"]").find("1 classes do not fit the task binary"), std::string::npos);
  EXPECT_NE(with("task", "guess").find("task = guess"), std::string::npos);
  EXPECT_NE(with("scaling_mean", "[1.0]").find("scaling of 1 and 24 columns"), std::string::npos);
  EXPECT_NE(with("model", "linreg").find("logreg or mlp fits"), std::string::npos);
  EXPECT_NE(with("model", "mlp").find("tensor hidden.0.weight is missing"), std::string::npos);
  EXPECT_NE(refusal_after([](TensorFile& file) {
              file.metadata.erase("round"), file.metadata.erase("target_mean");
            }).find("metadata key target_mean is missing"),
            std::string::npos);
  EXPECT_NE(refusal_after([](TensorFile& file) { file.tensors[0].shape = {24}; }).find("has the shape [24]"),
            std::string::npos);
  EXPECT_NE(refusal_after([](TensorFile& file) {
              file.tensors.push_back({"more", {}, {1.0f}});
            }).find("3 tensors"),
            std::string::npos);
}

TEST_F(SavedModelTest, ColumnsOfASiloFileAreFoundByTheirNames) {
  expect_round_trip(config_for(Task::binary, {24}, "logreg"));
  const SavedModel saved = read_saved_model(path_);
  SiloData data = read_silo_file(folder_.path("a.h5"));
  const std::vector<float> x = data.test.x;
  std::swap(data.schema.feature_names[0], data.schema.feature_names[23]);
  for (RowSet* rows : {&data.train, &data.test})
    for (std::size_t row = 0; row < rows->rows; ++row) std::swap(rows->x[24 * row], rows->x[24 * row + 23]);
  write_silo_file(folder_.path("swapped.h5"), data);
  EXPECT_EQ(read_fitting_silo_file(folder_.path("swapped.h5"), saved).test.x, x);
  data.schema.feature_names[0] = "other";
  write_silo_file(folder_.path("other.h5"), data);
  EXPECT_THROW((void)read_fitting_silo_file(folder_.path("other.h5"), saved), DataError);
}

}  // namespace
}  // namespace crossilo
