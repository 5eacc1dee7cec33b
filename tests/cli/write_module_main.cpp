// Writes a scripted module with batch normalisation and dropout: write_module INPUTS OUTPUTS FILE
#include <cstdio>
#include <cstdlib>

#include "support/scripted_module.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: write_module INPUTS OUTPUTS FILE\n", stderr);
    return 2;
  }
  crossilo::normalised_module(std::atoi(argv[1]), std::atoi(argv[2])).save(argv[3]);
  return 0;
}
