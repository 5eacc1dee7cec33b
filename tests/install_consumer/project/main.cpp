#include <crossilo/base/random.hpp>
#include <crossilo/version.hpp>
#include <cstdio>
#include <string>

int main() {
  const crossilo::InlineText info = crossilo::derivation_info(crossilo::PublicPurpose::cohort, {});
  return std::printf("%s %s\n", crossilo::kVersion, std::string(info).c_str()) > 0 ? 0 : 1;
}
