// The sections [model] and [train] of the table.
#include "config_kinds.hpp"

namespace crossilo {
namespace {

void add_model(std::vector<ConfigOption>& options) {
  options.push_back(option("model.name", one_of({"logreg", "linreg", "mlp", "cnn"}), CROSSILO_FIELD(model.name),
                           {.need = Need::or_torchscript,
                            .example = "logreg",
                            .meaning = "The model: logistic or linear regression, a multilayer perceptron, or a "
                                       "convolutional network for images."}));
  options.push_back(option("model.torchscript", path(), CROSSILO_FIELD(model.torchscript),
                           {.belongs = Belongs::to_silo,
                            .fixes_course = false,
                            .example = "model.pt",
                            .meaning = "A scripted PyTorch module instead of model.name (crossilo model template shows "
                                       "how to write one). All silos need the same file; where it lies is a silo's own "
                                       "affair."}));
  options.push_back(option("model.torchscript_sha256", sha256_digits(), CROSSILO_FIELD(model.torchscript_sha256),
                           {.example = std::string(64, '0'),
                            .meaning = "What the SHA-256 of that file must be. Without it the silos only compare "
                                       "theirs."}));
  options.push_back(option("model.hidden", widths(), CROSSILO_FIELD(model.hidden),
                           {.meaning = "Widths of the fully connected hidden layers, of mlp and cnn."}));
  options.push_back(option("model.channels", widths(), CROSSILO_FIELD(model.channels),
                           {.meaning = "Channels of the convolutions, of cnn."}));
}

void add_optimizer(std::vector<ConfigOption>& options) {
  options.push_back(option("train.optimizer", one_of({"sgd", "adam", "adamw"}), CROSSILO_FIELD(train.optimizer),
                           {.meaning = "How a silo takes a step: stochastic gradient descent, Adam, or Adam with "
                                       "weight decay apart from the gradient. It starts afresh in every round."}));
  options.push_back(option("train.learning_rate", positive_number(), CROSSILO_FIELD(train.learning_rate),
                           {.need = Need::required, .example = "0.05", .meaning = "Size of a silo's step."}));
  options.push_back(option("train.momentum", number_from_zero_below_one(), CROSSILO_FIELD(train.momentum),
                           {.meaning = "How much of the last step is taken again, with sgd."}));
  options.push_back(option("train.adam_beta1", number_from_zero_below_one(), CROSSILO_FIELD(train.adam_beta1),
                           {.meaning = "How much of the mean gradient stays from step to step, with adam and adamw."}));
  options.push_back(option("train.adam_beta2", number_from_zero_below_one(), CROSSILO_FIELD(train.adam_beta2),
                           {.meaning = "The same for the mean squared gradient."}));
  options.push_back(option("train.adam_epsilon", positive_number(), CROSSILO_FIELD(train.adam_epsilon),
                           {.meaning = "Added to the root of the mean square before it divides, with adam and "
                                       "adamw."}));
  options.push_back(option("train.weight_decay", number_from_zero(), CROSSILO_FIELD(train.weight_decay),
                           {.meaning = "How strongly weights are drawn to zero. 0: not at all."}));
  options.push_back(option("train.gradient_clip_norm", number_from_zero(), CROSSILO_FIELD(train.gradient_clip_norm),
                           {.meaning = "The longest gradient (L2 norm) of a step; longer ones are scaled down. 0: no "
                                       "bound."}));
}

void add_amount(std::vector<ConfigOption>& options) {
  options.push_back(option("train.batch_size", count_from(1), CROSSILO_FIELD(train.batch_size),
                           {.need = Need::required, .example = "16", .meaning = "Rows in one step."}));
  options.push_back(option("train.local_epochs", count_from(1), CROSSILO_FIELD(train.local_epochs),
                           {.meaning = "How often a silo goes through its rows in one round."}));
  options.push_back(option("train.local_steps", count_from(0), CROSSILO_FIELD(train.local_steps),
                           {.meaning = "Steps of a silo in one round, instead of train.local_epochs. 0: epochs "
                                       "count."}));
  options.push_back(option("train.class_weights", one_of({"none", "balanced"}), CROSSILO_FIELD(train.class_weights),
                           {.meaning = "balanced: a row of a rare class counts more, by the rows of each class in all "
                                       "silos together."}));
}

void add_schedule(std::vector<ConfigOption>& options) {
  options.push_back(option("train.schedule", one_of({"constant", "cosine", "step"}), CROSSILO_FIELD(train.schedule),
                           {.meaning = "How the learning rate changes over the rounds: not at all, down along half a "
                                       "cosine, or in steps."}));
  options.push_back(option("train.schedule_rounds", count_from(0), CROSSILO_FIELD(train.schedule_rounds),
                           {.meaning = "cosine: rounds until its end, after which the learning rate stays; step: "
                                       "rounds between two steps."}));
  options.push_back(option("train.schedule_factor", number_from_zero_below_one(), CROSSILO_FIELD(train.schedule_factor),
                           {.meaning = "cosine: the share of the learning rate that is left at its end; step: what "
                                       "each step multiplies it with, above 0."}));
}

}  // namespace

void add_training_options(std::vector<ConfigOption>& options) {
  add_model(options);
  add_optimizer(options);
  add_amount(options);
  add_schedule(options);
}

}  // namespace crossilo
