// Aim: a small right configuration and what the parser says about changed ones.
#pragma once

#include <string>
#include <utility>

#include "crossilo/base/error.hpp"
#include "crossilo/io/config.hpp"

namespace crossilo {

inline constexpr const char* kSmall = R"([run]
name = t
silos = a, b-1, c_2
rounds = 3
[data]
path = "x # {silo};.h5"   ; quotes keep # and ;
[model]
name = logreg
[train]
learning_rate = 5e-2   # a comment
batch_size = 16
)";

inline std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

/// What `read` throws as a ConfigError; "none".
template <class Read>
std::string mistakes_of(Read&& read) {
  try {
    (void)std::forward<Read>(read)();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

inline std::string mistakes(const std::string& text) {
  return mistakes_of([&] { return parse_config(text, "f.ini"); });
}

}  // namespace crossilo
