/// The forward interpretation: for every tensor and every input axis, the interval that each output position sees.
#pragma once

#include "term.hpp"

namespace rfonnx {

/// An axis of an input: what fields are with respect to.
struct InputAxis {
    int64_t input;
    int axis;
    int64_t length;
};

struct Hull {
    std::vector<InputAxis> axes;     // of all inputs, in order
    int64_t runs_from;               // see Mode
    std::vector<FieldPtr> unbounded; // by source * axes.size() + axis; sources are inputs first, then tensors
    std::vector<FieldPtr> clipped;
    // By tensor: both ends of every clipped interval are read for generic weights, and nothing was widened.
    std::vector<bool> exact;
    std::vector<bool> widened; // by tensor: a table outgrew kLargestTable on the way here, with borders or without

    const Field& field(int64_t source, size_t axis, bool clip) const {
        return *(clip ? clipped : unbounded)[static_cast<size_t>(source) * axes.size() + axis];
    }
};

/// Walks along axes of so many positions are kept as runs: shorter ones are quicker as tables.
constexpr int64_t kRunsFrom = 1024;

/// Propagates through a validated program. Linear in the number of tensors; sound for every program, tight where
/// `exact`. `runs_from`: see Mode.
Hull propagate(const Program& program, int64_t runs_from = kRunsFrom);

} // namespace rfonnx
