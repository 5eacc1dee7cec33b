// Aim: the squared length of a float vector, summed in one fixed order.
#pragma once

#include <span>

namespace crossilo {

/// Sum of squares in double, over blocks of a fixed size. Squares of finite floats cannot overflow a double, so the
/// result is finite where all values are. Deterministic: the same bits on every machine.
[[nodiscard]] double squared_norm(std::span<const float> values);

}  // namespace crossilo
