/// Why a field is as large as it is: backwards along the largest operand of every tensor.
#pragma once

#include "carriers.hpp"
#include "hull.hpp"
#include "rational.hpp"

namespace rfonnx {

/// What an operator did along the axis that walks.
struct Link {
    int64_t source;    // the tensor that it makes
    int64_t size;      // unbounded size there, at the position that the chain runs through
    int64_t from;      // the source that the chain comes from, -1 at the input itself
    Rational jump = 0; // input positions per step on `from`, 0 when nothing walks there
    int64_t kernel = 1, dilation = 1;
    Rational stride = 1;
    bool slides = false, spreads = false, reduces = false;
};

/// The chain from the input axis to a source, the input first. Empty when the source reads nothing of it. At each
/// tensor the chain runs on through the operand with the largest field at the middle of what is read; `size` telescopes
/// along it.
std::vector<Link> explain(const Program& program, const Hull& hull, const Carriers& carriers, int64_t source,
                          size_t axis);

} // namespace rfonnx
