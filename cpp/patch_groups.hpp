/// Patches back through a reshape, group by group of axes that hold the same elements.
#pragma once

#include <optional>

#include "patch.hpp"
#include "reindex.hpp"

namespace rfonnx {

/// The sides of one group of axes before a reshape, and by entry of their box the entry that it is of the group's box
/// after it; -1: nothing. `written`: how the axes after it lie then, where a position has a value of its own; nullopt:
/// as they are.
struct Regrouped {
    std::vector<Side> sides;
    std::vector<int64_t> from;
    std::vector<std::optional<Laid>> written;
};

/// `sides`: of the group's axes after the reshape, of lengths `to`; before it they have the lengths `from`. Stretches
/// of the first axis of whole rows stay stretches; what is smaller is moved position by position.
Regrouped regrouped(const std::vector<Side>& sides, const Shape& from, const Shape& to);

/// The axes of a group before a reshape, of a patch whose axes in front of it are those before already.
template <typename Value>
Patch<Value> regrouped(Patch<Value> patch, const Group& group, const Shape& before, const Shape& after) {
    const auto part = [](const auto& all, size_t first, size_t last) {
        return std::decay_t<decltype(all)>(all.begin() + static_cast<std::ptrdiff_t>(first),
                                           all.begin() + static_cast<std::ptrdiff_t>(last));
    };
    const size_t at = group.from_begin, width = group.to_end - group.to_begin;
    const Shape from = part(before, group.from_begin, group.from_end), to = part(after, group.to_begin, group.to_end);
    if (from == to)
        return patch;
    Regrouped moves = regrouped(part(patch.sides, at, at + width), from, to);
    for (size_t k = 0; k < width; ++k) {
        if (moves.written[k])
            lay(patch, at + k, std::move(moves.written[k]->side), moves.written[k]->from);
    }
    const Shape extent = patch.extent();
    int64_t outer = 1, size = 1, inner = 1;
    for (size_t k = 0; k < extent.size(); ++k)
        (k < at ? outer : k < at + width ? size : inner) *= extent[k];
    Patch<Value> result{part(patch.sides, 0, at), {}};
    result.sides.insert(result.sides.end(), moves.sides.begin(), moves.sides.end());
    result.sides.insert(result.sides.end(), patch.sides.begin() + static_cast<std::ptrdiff_t>(at + width),
                        patch.sides.end());
    require_room(result.extent());
    const auto count = static_cast<int64_t>(moves.from.size());
    result.values.assign(index(outer * count * inner), Value{0});
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t entry = 0; entry < count; ++entry) {
            if (moves.from[index(entry)] >= 0)
                std::copy_n(patch.values.data() + (o * size + moves.from[index(entry)]) * inner, inner,
                            result.values.data() + (o * count + entry) * inner);
        }
    }
    for (size_t k = 0; k < from.size(); ++k)
        simplify(result, at + k);
    return result;
}

} // namespace rfonnx
