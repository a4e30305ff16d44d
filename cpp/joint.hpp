/// Two terms side by side, over the union of their walks.
#pragma once

#include "row_major.hpp"
#include "term.hpp"

namespace rfonnx {

/// Entries of a table with these walks.
int64_t table_size(const std::vector<Walk>& walks);

/// The term's strides seen from the walks of another term: 0 along walks that it does not have.
std::vector<int64_t> strides_within(const Term& term, const std::vector<Walk>& walks);

/// True when two walks go on beyond their tables alike, or neither does.
bool same_slope(const Walk& a, const Walk& b);

/// After so many positions the rules of both have come around.
int64_t common_period(const Walk& a, const Walk& b);

/// For each slot of a joint walk, the slot that it is in a term's own walk.
using SlotMap = std::vector<int64_t>;

struct JointWalk {
    Walk walk;
    SlotMap in_a, in_b;
};

/// By axis, the walk on which both terms can be looked up. It has a rule where both go on alike.
std::vector<JointWalk> joint_walks(const Term& a, const Term& b);

/// Calls `visit(entry of a, entry of b)` with the numbers of both for every entry of the joint table, row-major; stops
/// when it returns false.
template <typename Visit>
bool visit_jointly(const Term& a, const Term& b, const std::vector<JointWalk>& joints, Visit visit) {
    std::vector<Walk> walks;
    std::vector<int64_t> slots;
    for (const JointWalk& joint : joints) {
        walks.push_back(joint.walk);
        slots.push_back(joint.walk.slots);
    }
    const auto strides_a = strides_within(a, walks), strides_b = strides_within(b, walks);
    const int64_t size = table_size(walks);
    std::vector<int64_t> slot(walks.size(), 0);
    for (int64_t entry = 0; entry < size; ++entry) {
        int64_t in_a = 0, in_b = 0;
        for (size_t k = 0; k < walks.size(); ++k) {
            in_a += joints[k].in_a[index(slot[k])] * strides_a[k];
            in_b += joints[k].in_b[index(slot[k])] * strides_b[k];
        }
        if (!visit(index(in_a), index(in_b)))
            return false;
        advance(slot, slots);
    }
    return true;
}

} // namespace rfonnx
