/// Values over some positions of a tensor, a box of them: what one position of a later tensor reads. Outside of the box
/// there is nothing, and what far positions are read beside it is another patch.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "interval.hpp"
#include "program.hpp"
#include "row_major.hpp"

namespace rfonnx {

/// The positions along one axis. `alike`: one value stands for all that the axis has; then first is 0 and count 1.
struct Side {
    int64_t first, count;
    bool alike;

    bool operator==(const Side& other) const {
        return first == other.first && count == other.count && alike == other.alike;
    }
};
constexpr Side kAlike{0, 1, true};

template <typename Value>
struct Patch {
    std::vector<Side> sides;
    std::vector<Value> values; // row-major over the counts

    Shape extent() const {
        Shape counts;
        for (const Side& side : sides)
            counts.push_back(side.count);
        return counts;
    }
};

/// Most values that a patch may have; a std::length_error beyond it.
constexpr int64_t kLargestPatch = int64_t{1} << 28;

/// Values in a box; `kLargestPatch + 1` where there are more than a patch may have.
inline int64_t volume(const std::vector<Side>& sides) {
    int64_t size = 1;
    for (const Side& side : sides) {
        if (side.count != 0 && size > kLargestPatch / side.count)
            return kLargestPatch + 1;
        size *= side.count;
    }
    return size;
}

/// Throws where the box is too large for a patch.
inline void require_room(const std::vector<Side>& sides) {
    if (volume(sides) > kLargestPatch)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
}

/// What tells the two interpretations apart: how shares add up, how a position splits its share over what it reads, and
/// what a share is that comes several times.
inline void accumulate(uint8_t& into, uint8_t value) {
    into = into || value;
}
inline void accumulate(double& into, double value) {
    into += value;
}
inline uint8_t split(uint8_t value, int64_t) {
    return value;
}
inline double split(double value, int64_t count) {
    return value / static_cast<double>(count);
}
inline uint8_t repeated(uint8_t value, int64_t) {
    return value;
}
inline double repeated(double value, int64_t count) {
    return value * static_cast<double>(count);
}

/// The same values over more positions of an axis: nothing is added, or what was alike is written out.
template <typename Value>
void widen(Patch<Value>& patch, size_t axis, Side to) {
    const Side from = patch.sides[axis];
    if (from == to)
        return;
    const Layout layout(patch.extent(), axis);
    patch.sides[axis] = to;
    require_room(patch.sides);
    std::vector<Value> values(index(layout.outer * to.count * layout.inner), Value{0});
    for (int64_t o = 0; o < layout.outer; ++o) {
        const Value* row = patch.values.data() + o * layout.length * layout.inner;
        Value* into = values.data() + o * to.count * layout.inner;
        if (!from.alike) {
            std::copy(row, row + layout.length * layout.inner, into + (from.first - to.first) * layout.inner);
            continue;
        }
        for (int64_t k = 0; k < to.count; ++k)
            std::copy(row, row + layout.inner, into + k * layout.inner);
    }
    patch.values = std::move(values);
}

/// One value for all positions of an axis of `length`, where they are all there and alike.
template <typename Value>
void collapse(Patch<Value>& patch, size_t axis, int64_t length) {
    if (patch.sides[axis].alike || patch.sides[axis].count != length)
        return;
    const Layout layout(patch.extent(), axis);
    std::vector<Value> values;
    for (int64_t o = 0; o < layout.outer; ++o) {
        const auto first = patch.values.begin() + o * layout.length * layout.inner;
        for (int64_t k = 1; k < layout.length; ++k) {
            if (!std::equal(first, first + layout.inner, first + k * layout.inner))
                return;
        }
        values.insert(values.end(), first, first + layout.inner);
    }
    patch.sides[axis] = kAlike;
    patch.values = std::move(values);
}

} // namespace rfonnx
