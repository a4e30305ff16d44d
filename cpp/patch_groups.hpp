/// Patches back through a reshape, group by group of axes that hold the same elements.
#pragma once

#include "patch.hpp"
#include "reindex.hpp"

namespace rfonnx {

/// The sides of one group of axes before a reshape, and where in their box each entry of the group's box after it lies.
struct Moved {
    std::vector<Side> sides;
    std::vector<int64_t> places;
};

/// `sides`: of the group's axes after the reshape, of lengths `to`; before it they have the lengths `from`.
Moved moved(const std::vector<Side>& sides, const Shape& from, const Shape& to);

/// The axes of a group before a reshape, of a patch whose axes in front of it are those before already.
template <typename Value>
Patch<Value> regrouped(Patch<Value> patch, const Group& group, const Shape& before, const Shape& after) {
    const size_t at = group.from_begin, width = group.to_end - group.to_begin;
    const auto begin = patch.sides.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(width);
    const auto part = [](const Shape& shape, size_t first, size_t last) {
        return Shape(shape.begin() + static_cast<std::ptrdiff_t>(first),
                     shape.begin() + static_cast<std::ptrdiff_t>(last));
    };
    const Shape from = part(before, group.from_begin, group.from_end), to = part(after, group.to_begin, group.to_end);
    const bool differs = std::any_of(begin, end, [](const Side& side) { return !side.alike; });
    Moved moves{std::vector<Side>(from.size(), kAlike), {0}};
    if (differs && from == to)
        return patch;
    if (differs) {
        for (size_t k = 0; k < width; ++k) {
            if (patch.sides[at + k].alike)
                widen(patch, at + k, {0, to[k], false});
        }
        moves = moved({patch.sides.begin() + static_cast<std::ptrdiff_t>(at),
                       patch.sides.begin() + static_cast<std::ptrdiff_t>(at + width)},
                      from, to);
    }
    Patch<Value> result{{patch.sides.begin(), patch.sides.begin() + static_cast<std::ptrdiff_t>(at)}, {}};
    int64_t outer = volume(result.sides), size = volume(moves.sides), inner = 1;
    for (size_t k = at + width; k < patch.sides.size(); ++k)
        inner *= patch.sides[k].count;
    result.sides.insert(result.sides.end(), moves.sides.begin(), moves.sides.end());
    result.sides.insert(result.sides.end(), patch.sides.begin() + static_cast<std::ptrdiff_t>(at + width),
                        patch.sides.end());
    require_room(result.sides);
    result.values.assign(index(outer * size * inner), Value{0});
    const Value* row = patch.values.data();
    for (int64_t o = 0; o < outer; ++o) {
        for (const int64_t place : moves.places) {
            std::copy(row, row + inner, result.values.data() + (o * size + place) * inner);
            row += inner;
        }
    }
    for (size_t k = 0; k < from.size(); ++k)
        collapse(result, at + k, from[k]);
    return result;
}

} // namespace rfonnx
