/// How an unbounded field goes on along axes that a reshape merges, and along those that it makes of them.
#pragma once

#include "regroup.hpp"

namespace rfonnx {

/// `f(i + period) = f(i) + shift`; none where the period is 0.
struct Rule {
    int64_t period = 0, shift = 0;
};

/// Longest period that is looked for in a table: what upsampling makes, and no search that grows with the table's
/// square.
constexpr int64_t kLongestPeriod = 64;

/// Rule of the axes of a group laid out flat, by the walks along them.
Rule flat_rule(const std::vector<Walk>& walks, const Shape& from, const Group& group);

/// Rules with a smaller period that say the same at the period's multiples, the smallest one first.
std::vector<Rule> shorter_rules(Rule rule);

/// A smaller period that entries follow, too, as `follows(Rule)` says; neighbours in a flat layout often continue each
/// other.
template <typename Follows>
Rule shortest_rule(Rule rule, Follows follows) {
    for (const Rule& shorter : shorter_rules(rule)) {
        if (follows(shorter))
            return shorter;
    }
    return rule;
}

/// One walk per new axis longer than 1, by its number in `to`; their rules follow from the flat one.
std::vector<Walk> cut_walks(const Shape& to, const Group& group, Rule rule);

} // namespace rfonnx
