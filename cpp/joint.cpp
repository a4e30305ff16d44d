#include "joint.hpp"

#include <algorithm>

namespace rfonnx {

int64_t table_size(const std::vector<Walk>& walks) {
    int64_t size = 1;
    for (const Walk& walk : walks)
        size = multiply(size, walk.slots);
    return size;
}

std::vector<int64_t> strides_within(const Term& term, const std::vector<JointWalk>& walks) {
    std::vector<int64_t> strides(walks.size(), 0);
    int64_t inner = 1;
    for (size_t own = term.walks.size(), k = walks.size(); own > 0 && k > 0; --k) {
        if (walks[k - 1].walk.axis != term.walks[own - 1].axis)
            continue;
        strides[k - 1] = inner;
        inner *= term.walks[--own].slots;
    }
    return strides;
}

bool same_slope(const Walk& a, const Walk& b) {
    return (a.period > 0) == (b.period > 0) && multiply(a.shift, b.period) == multiply(b.shift, a.period);
}

int64_t common_period(const Walk& a, const Walk& b) {
    return multiply(a.period / std::gcd(a.period, b.period), b.period);
}

namespace {

/// The walk's own slots, for two terms of which one does not walk here (its only slot is 0) or both have the same
/// slots.
JointWalk with_slots_of(const Walk& walk, bool in_a, bool in_b) {
    return {{walk.axis, walk.length, walk.slots, walk.classes, 0, 0}, {in_a}, {in_b}};
}

/// Two walks of different slots. A position's entries are told by the pair of its slots; positions of the same pair see
/// the same in both terms, so each distinct pair becomes one class. Classes [0,0,1,1] and [0,1,1,1] meet in [0,1,2,2].
JointWalk with_pairs_of_slots(const Walk& a, const Walk& b) {
    using Pair = std::pair<int64_t, int64_t>;
    std::vector<Pair> by_run; // of positions in a row that are alike in both
    std::vector<int64_t> ends;
    for (int64_t position = 0; position < a.length; position = ends.back()) {
        by_run.emplace_back(a.slot(position), b.slot(position));
        ends.push_back(std::min(a.last_alike(position), b.last_alike(position)) + 1);
    }
    std::vector<Pair> pairs = by_run;
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    const auto slots = static_cast<int64_t>(pairs.size());
    std::shared_ptr<Classes> classes;
    if (slots == a.length) {
        pairs = by_run; // no two positions alike: the slots count the positions, and no table of classes is needed
    } else {
        classes = std::make_shared<Classes>();
        for (size_t run = 0; run < ends.size(); ++run) {
            const auto place = std::lower_bound(pairs.begin(), pairs.end(), by_run[run]);
            classes->append(place - pairs.begin(), ends[run] - (run == 0 ? 0 : ends[run - 1]));
        }
    }
    JointWalk result{{a.axis, a.length, slots, classes, 0, 0}, {}, {}};
    for (const auto& [in_a, in_b] : pairs) {
        result.in_a.table.push_back(in_a);
        result.in_b.table.push_back(in_b);
    }
    return result;
}

/// One walk on which both terms can be looked up; null: that term does not walk here.
JointWalk joint(const Walk* a, const Walk* b) {
    if (!a || !b)
        return with_slots_of(a ? *a : *b, a != nullptr, b != nullptr);
    // The same table of classes, or none on either side.
    JointWalk result = a->classes == b->classes ? with_slots_of(*a, true, true) : with_pairs_of_slots(*a, *b);
    // After the common period both have come around, and of the same slope both are moved by as much then: so is their
    // hull. The rule must show within the table, whose entries it is applied to.
    if (a->period > 0 && same_slope(*a, *b)) {
        const int64_t period = common_period(*a, *b);
        if (period <= a->length) {
            result.walk.period = period;
            result.walk.shift = multiply(a->shift, period / a->period);
        }
    }
    return result;
}

} // namespace

std::vector<JointWalk> joint_walks(const Term& a, const Term& b) {
    std::vector<JointWalk> result;
    result.reserve(a.walks.size() + b.walks.size());
    size_t i = 0, j = 0;
    while (i < a.walks.size() || j < b.walks.size()) {
        const bool has_a = i < a.walks.size() && (j >= b.walks.size() || a.walks[i].axis <= b.walks[j].axis);
        const bool has_b = j < b.walks.size() && (i >= a.walks.size() || b.walks[j].axis <= a.walks[i].axis);
        result.push_back(joint(has_a ? &a.walks[i] : nullptr, has_b ? &b.walks[j] : nullptr));
        i += has_a;
        j += has_b;
    }
    return result;
}

} // namespace rfonnx
