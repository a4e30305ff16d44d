/// Stretches of outputs along which a step reads on steadily.
#pragma once

#include "reads.hpp"

namespace rfonnx {

/// Outputs [begin, end): `period` outputs later the same is read `shift` positions further on, in as many parts.
/// period 0: they follow no rule.
struct Steady {
    int64_t begin, end, period, shift;
};

/// All outputs [begin, end) of a step.
std::vector<Steady> steady_parts(const AxisReads& reads, int64_t begin, int64_t end);

} // namespace rfonnx
