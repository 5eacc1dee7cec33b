// Aim: the program's entry: says which version this is.
#include <ATen/Version.h>

#include <cstdio>
#include <string_view>

#include "crossilo/version.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::printf("crossilo %s\n%s", crossilo::kVersion, at::show_config().c_str());
    return 0;
  }
  std::fputs("usage: crossilo --version\n", stderr);
  return 2;
}
