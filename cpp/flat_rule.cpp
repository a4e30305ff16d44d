#include "flat_rule.hpp"

#include <algorithm>
#include <numeric>

namespace rfonnx {

/// Stepping `period * inner` flat positions moves the outer axis by `period` and nothing else.
Rule flat_rule(const std::vector<Walk>& walks, const Shape& from, const Group& group) {
    Rule rule{1, 0};
    int64_t inner = 1;
    for (size_t axis = group.from_end; axis-- > group.from_begin;) {
        const int64_t length = from[axis];
        if (length == 1)
            continue;
        Rule own{1, 0};
        for (const Walk& walk : walks) {
            if (walk.axis == static_cast<int>(axis))
                own = {walk.period, walk.shift};
        }
        rule = {multiply(own.period, inner), own.shift};
        inner = multiply(inner, length);
    }
    return rule;
}

std::vector<Rule> shorter_rules(Rule rule) {
    std::vector<int64_t> parts; // how many shorter turns make one: all divisors but 1
    for (int64_t part = 1; part <= rule.period / part; ++part) {
        if (rule.period % part == 0) {
            parts.push_back(part);
            parts.push_back(rule.period / part);
        }
    }
    std::sort(parts.rbegin(), parts.rend());
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    std::vector<Rule> result;
    for (const int64_t part : parts) {
        if (part > 1 && rule.shift % part == 0)
            result.push_back({rule.period / part, rule.shift / part});
    }
    return result;
}

std::vector<Walk> cut_walks(const Shape& to, const Group& group, Rule rule) {
    std::vector<Walk> walks;
    int64_t stride = 1;
    for (size_t axis = group.to_end; axis-- > group.to_begin; stride *= to[axis]) {
        if (to[axis] == 1)
            continue;
        Walk walk{static_cast<int>(axis), to[axis], to[axis], nullptr, 0, 0};
        if (rule.period > 0) {
            const int64_t turns = rule.period / std::gcd(rule.period, stride);
            if (turns <= to[axis]) {
                walk.period = turns;
                walk.shift = multiply(rule.shift, multiply(stride, turns) / rule.period);
            }
        }
        walks.insert(walks.begin(), walk);
    }
    return walks;
}

} // namespace rfonnx
