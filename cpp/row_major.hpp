/// Row-major order: the last axis moves first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rfonnx {

/// Moves on to the next position; false after the last one, when the position is the first again.
inline bool advance(std::vector<int64_t>& position, const std::vector<int64_t>& extent) {
    for (std::size_t axis = position.size(); axis-- > 0;) {
        if (++position[axis] < extent[axis])
            return true;
        position[axis] = 0;
    }
    return false;
}

/// Number of a position.
inline int64_t flat(const std::vector<int64_t>& position, const std::vector<int64_t>& extent) {
    int64_t entry = 0;
    for (std::size_t axis = 0; axis < extent.size(); ++axis)
        entry = entry * extent[axis] + position[axis];
    return entry;
}

/// An axis between those before it and those behind it.
struct Layout {
    int64_t outer = 1, length, inner = 1;

    Layout(const std::vector<int64_t>& extent, std::size_t axis) : length(extent[axis]) {
        for (std::size_t k = 0; k < axis; ++k)
            outer *= extent[k];
        for (std::size_t k = axis + 1; k < extent.size(); ++k)
            inner *= extent[k];
    }
};

} // namespace rfonnx
