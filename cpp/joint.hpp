/// Two terms side by side, over the union of their walks.
#pragma once

#include <algorithm>

#include "row_major.hpp"
#include "term.hpp"

namespace rfonnx {

/// Entries of a table with these walks.
int64_t table_size(const std::vector<Walk>& walks);

/// True when two walks go on beyond their tables alike, or neither does.
bool same_slope(const Walk& a, const Walk& b);

/// After so many positions the rules of both have come around.
int64_t common_period(const Walk& a, const Walk& b);

/// For each slot of a joint walk, the slot that it is in a term's own walk: of a table, or else the same one times
/// `scale`, which is 0 where the term does not walk there.
struct SlotMap {
    int64_t scale = 1;
    std::vector<int64_t> table = {};

    int64_t at(int64_t slot) const { return table.empty() ? slot * scale : table[index(slot)]; }
};

struct JointWalk {
    Walk walk;
    SlotMap in_a, in_b;
};

/// By axis, the walk on which both terms can be looked up. It has a rule where both go on alike.
std::vector<JointWalk> joint_walks(const Term& a, const Term& b);

/// Entries between neighbours of each walk in a term's table; 0 along walks that it does not have.
std::vector<int64_t> strides_within(const Term& term, const std::vector<JointWalk>& walks);

/// Calls `visit(entry of a, entry of b)` with the numbers of both for every entry of the joint table, row-major; stops
/// when it returns false.
template <typename Visit>
bool visit_jointly(const Term& a, const Term& b, const std::vector<JointWalk>& joints, Visit visit) {
    if (joints.empty())
        return visit(size_t{0}, size_t{0});
    const auto strides_a = strides_within(a, joints), strides_b = strides_within(b, joints);
    const JointWalk& last = joints.back(); // moves first
    std::vector<int64_t> slots;
    for (size_t k = 0; k + 1 < joints.size(); ++k)
        slots.push_back(joints[k].walk.slots);
    if (last.walk.slots == 0 || std::find(slots.begin(), slots.end(), 0) != slots.end())
        return true;
    std::vector<int64_t> slot(slots.size(), 0);
    do {
        int64_t in_a = 0, in_b = 0;
        for (size_t k = 0; k < slot.size(); ++k) {
            in_a += joints[k].in_a.at(slot[k]) * strides_a[k];
            in_b += joints[k].in_b.at(slot[k]) * strides_b[k];
        }
        for (int64_t s = 0; s < last.walk.slots; ++s) {
            if (!visit(index(in_a + last.in_a.at(s) * strides_a.back()),
                       index(in_b + last.in_b.at(s) * strides_b.back())))
                return false;
        }
    } while (advance(slot, slots));
    return true;
}

} // namespace rfonnx
