/// Alignment: where the middle of each path's window lies on the input. A path's centre moves along a line, `slope * o
/// + offset`; a join of paths with different lines is misaligned (Araujo et al., Distill 2019, section "Alignment
/// issues").
#pragma once

#include <memory>

#include "hull.hpp"
#include "rational.hpp"

namespace rfonnx {

/// The centres of the paths that walk `axis` of a tensor.
struct CenterLine {
    int axis;
    Rational slope, offset;

    bool operator==(const CenterLine& o) const { return axis == o.axis && slope == o.slope && offset == o.offset; }
};

using CenterLines = std::vector<CenterLine>;
using CenterLinesPtr = std::shared_ptr<const CenterLines>; // tensors that pass them on have them together

/// Lines that are followed per tensor; a net with more is misaligned whichever they are.
constexpr size_t kMostLines = 8;

struct MisalignedJoin {
    int64_t tensor; // index into the program's tensors
    size_t axis;    // index into Hull::axes
};

struct Alignment {
    std::vector<CenterLinesPtr> lines; // by source * axes + axis, as in Hull
    std::vector<MisalignedJoin> joins;

    /// True when no two lines of a field walk the same axis.
    bool aligned(size_t field) const;
};

/// Follows the centres through the program. Steps whose reads are no regular walk (gathers, window partitions) end
/// their lines, as a global operator does.
Alignment align(const Program& program, const Hull& hull);

} // namespace rfonnx
