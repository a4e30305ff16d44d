/// Values over a tensor, laid out only along the axes on which they depend.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "interval.hpp"
#include "largest.hpp"
#include "program.hpp"
#include "row_major.hpp"
#include "term.hpp"

namespace rfonnx {

/// Values over a tensor, without the axes along which they are all alike: extent 1 there, else the axis' length.
template <typename Value>
struct Cover {
    Shape extent;
    std::vector<Value> values; // row-major over extent
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

/// Repeats what is alike along an axis until the extent is `length`.
template <typename Value>
void expand(Cover<Value>& cover, size_t axis, int64_t length) {
    if (cover.extent[axis] == length)
        return;
    const Layout layout(cover.extent, axis);
    Shape extent = cover.extent;
    extent[axis] = length;
    std::vector<Value> values;
    values.reserve(index(size_of(extent)));
    for (int64_t o = 0; o < layout.outer; ++o) {
        const auto row = cover.values.begin() + o * layout.inner;
        for (int64_t i = 0; i < length; ++i)
            values.insert(values.end(), row, row + layout.inner);
    }
    cover = {std::move(extent), std::move(values)};
}

/// Drops an axis along which all values are alike.
template <typename Value>
void collapse(Cover<Value>& cover, size_t axis) {
    const Layout layout(cover.extent, axis);
    if (layout.length <= 1)
        return;
    for (int64_t o = 0; o < layout.outer; ++o) {
        const auto first = cover.values.begin() + o * layout.length * layout.inner;
        for (int64_t i = 1; i < layout.length; ++i) {
            if (!std::equal(first, first + layout.inner, first + i * layout.inner))
                return;
        }
    }
    std::vector<Value> values;
    for (int64_t o = 0; o < layout.outer; ++o) {
        const auto first = cover.values.begin() + o * layout.length * layout.inner;
        values.insert(values.end(), first, first + layout.inner);
    }
    cover.extent[axis] = 1;
    cover.values = std::move(values);
}

/// What a field says of every position of a box. A std::length_error when there are too many.
Cover<Interval> laid_out(const Field& field, const Box& box);

} // namespace rfonnx
