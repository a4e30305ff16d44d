/// One field in a few numbers: what reports print of a tensor and an input axis.
#pragma once

#include "center.hpp"
#include "hull.hpp"

namespace rfonnx {

enum class Kind : uint8_t { none, local, periodic, block, global };

/// The members are those of rfonnx.results.fields.AxisField, which says what they mean.
struct Summary {
    Kind kind = Kind::none;
    int64_t size = 0, size_min = 0;
    bool sized = true; // else `size` is at most that, and `size_min` at least
    Rational stride = 0;
    int64_t period = 1;
    int64_t start = 0;
    Rational center = 0;
    int tensor_axis = -1;
    double coverage = 0;
};

/// `unbounded` and `clipped`: the same field in both modes; `shape`: the tensor's; `input_length`: of the input axis.
Summary summarise(const Field& unbounded, const Field& clipped, const Shape& shape, int64_t input_length);

/// The summaries of every source along every axis of an input: by source * axes + axis, as in Hull.
std::vector<Summary> summarise_all(const Program& program, const Hull& hull);

} // namespace rfonnx
