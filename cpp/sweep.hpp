/// Outputs in a row of which each reads one position further on than the one before it, or none reads anything: the
/// channels of a branch in a concat, all of a window without a stride.
#pragma once

#include <vector>

#include "reads.hpp"

namespace rfonnx {

struct Sweep {
    int64_t first, last; // outputs
    Progression reads;   // of the first; what lies beyond the tensor read is not left out

    Progression at(int64_t output) const {
        return {reads.first + (output - first), reads.last + (output - first), reads.step};
    }
};

/// All outputs of a step along one axis, in order. `free`: what is read without borders.
std::vector<Sweep> sweeps_of(const AxisReads& reads, bool free);

} // namespace rfonnx
