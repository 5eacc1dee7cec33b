#include "crossilo/base/check.hpp"

#include <string>

#include "crossilo/base/error.hpp"

namespace crossilo {

void assertion_failed(const char* condition, const char* file, int line) {
  throw InternalError(std::string(file) + ":" + std::to_string(line) + ": internal error: " + condition +
                      " does not hold; please report this");
}

}  // namespace crossilo
