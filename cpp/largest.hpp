/// Where in a tensor, or in a part of it, the field is largest.
#pragma once

#include <map>

#include "reads.hpp"
#include "row_major.hpp"
#include "term.hpp"

namespace rfonnx {

using Position = std::vector<int64_t>;

/// Positions of a tensor: along each axis a progression of them.
using Box = std::vector<Progression>;

/// All positions of a tensor.
Box whole(const Shape& shape);

/// Combinations of positions that are compared one by one; beyond it a search goes along one axis after the other.
constexpr int64_t kMostJointPositions = int64_t{1} << 20;

/// By axis that some term walks, enough positions of the box to meet every combination of entries: one of each run of
/// a class, the nearest to the box' middle, and all where there are no classes; of runs those that are largest.
/// Ascending.
std::map<int, std::vector<int64_t>> representatives(const Field& field, const Box& box);

/// Positions in an interval; 0 for the empty one.
inline int64_t size_of(Interval value) {
    return value.empty() ? 0 : add(subtract(value.hi, value.lo), 1);
}

/// Calls `visit` with each combination of representatives, the other axes being as in `position`. False, and nothing is
/// visited, when there are more than `kMostJointPositions`.
template <typename Visit>
bool visit_combinations(const std::map<int, std::vector<int64_t>>& axes, Position position, Visit visit) {
    int64_t joint = 1;
    std::vector<int64_t> turn(axes.size(), 0), turns;
    for (const auto& [axis, positions] : axes) {
        turns.push_back(static_cast<int64_t>(positions.size()));
        joint = std::min(multiply(joint, turns.back()), kMostJointPositions + 1);
    }
    if (joint > kMostJointPositions)
        return false;
    do {
        size_t digit = 0;
        for (const auto& [axis, positions] : axes)
            position[static_cast<size_t>(axis)] = positions[index(turn[digit++])];
        visit(position);
    } while (advance(turn, turns));
    return true;
}

struct Largest {
    Position position;
    Interval value;
};

/// The position of the box with the largest interval, of several the nearest to the box' middle. Exact up to
/// `kMostJointPositions` combinations.
Largest largest(const Field& field, const Box& box);

} // namespace rfonnx
