#include <crossilo/base/random.hpp>
#include <crossilo/version.hpp>
#include <cstdio>

int main() {
  const std::string info = crossilo::derivation_info(crossilo::PublicPurpose::cohort, {});
  return std::printf("%s %s\n", crossilo::kVersion, info.c_str()) > 0 ? 0 : 1;
}
