/// The intervals of a field, laid out only along the axes on which they depend.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "interval.hpp"
#include "largest.hpp"
#include "program.hpp"
#include "row_major.hpp"
#include "term.hpp"

namespace rfonnx {

/// Intervals over a tensor, without the axes along which they are all alike: extent 1 there, else the axis' length.
struct Cover {
    Shape extent;
    std::vector<Interval> values; // row-major over extent
};

/// Largest cover that is laid out; a std::length_error beyond it.
constexpr int64_t kLargestCover = int64_t{1} << 28;

/// Number of positions; a std::length_error when there are too many to lay out.
inline int64_t size_of(const Shape& extent) {
    int64_t size = 1;
    for (int64_t length : extent)
        size = multiply(size, length);
    if (size > kLargestCover)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
    return size;
}

/// The one axis that the terms walk, each as runs or not at all; -1 when they walk none, and nullopt when there are
/// others.
std::optional<int> only_runs(const Field& field);

/// What a field says of every position of a box. A std::length_error when there are too many.
Cover laid_out(const Field& field, const Box& box);

} // namespace rfonnx
