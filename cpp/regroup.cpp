#include "regroup.hpp"

#include <algorithm>

#include "flat_rule.hpp"

namespace rfonnx {
namespace {

/// Whether a table of `outer` blocks goes on by a rule from entry to entry, as far as it reaches.
bool follows(Rule rule, const std::vector<Interval>& table, int64_t outer, int64_t length, int64_t inner) {
    for (int64_t o = 0; o < outer; ++o) {
        const Interval* row = table.data() + o * length * inner;
        for (int64_t i = 0; i < (length - rule.period) * inner; ++i) {
            if (row[i + rule.period * inner] != moved(row[i], rule.shift))
                return false;
        }
    }
    return true;
}

/// The rule that a walk's own table follows, where it does so for two periods at least; else none.
Rule own_rule(const Term& term, size_t walk) {
    const int64_t length = term.walks[walk].length, inner = term.inner(walk);
    const int64_t outer = term.outer(walk);
    if (outer == 0)
        return {};
    // Empty intervals have no place that a shift could be read off.
    const auto seen = std::find_if(term.table.begin(), term.table.begin() + static_cast<std::ptrdiff_t>(length * inner),
                                   [](const Interval& value) { return !value.empty(); });
    const auto first = static_cast<int64_t>(seen - term.table.begin());
    const int64_t most = std::min(length / 2, kLongestPeriod);
    for (int64_t period = 1; period <= most && first + period * inner < length * inner; ++period) {
        const Interval& later = term.table[index(first + period * inner)];
        if (later.empty())
            continue;
        const Rule rule{period, subtract(later.lo, term.table[index(first)].lo)};
        if (follows(rule, term.table, outer, length, inner))
            return rule;
    }
    return {};
}

/// A term with the walks of one group replaced.
struct Regrouper : Regrouping {
    Term apply(const Term& term, size_t first, size_t last, int64_t length) const {
        const int64_t inner = term.inner(last - 1);
        int64_t slots = inner;
        for (size_t walk = first; walk < last; ++walk)
            slots *= term.walks[walk].slots;
        const int64_t outer = slots == 0 ? 0 : static_cast<int64_t>(term.table.size()) / slots;

        Term result;
        result.table.reserve(index(outer * length * inner));
        for (int64_t o = 0; o < outer; ++o) {
            for (int64_t position = 0; position < length; ++position) {
                const auto row = term.table.begin() + o * slots + entry_of(term, first, last, position);
                result.table.insert(result.table.end(), row, row + inner);
            }
        }
        const std::vector<Walk> own(term.walks.begin() + static_cast<std::ptrdiff_t>(first),
                                    term.walks.begin() + static_cast<std::ptrdiff_t>(last));
        Rule rule = flat_rule(own, from, group);
        if (rule.period > length)
            rule = {};
        rule = shortest_rule(rule, [&](Rule shorter) { return follows(shorter, result.table, outer, length, inner); });

        result.walks.assign(term.walks.begin(), term.walks.begin() + static_cast<std::ptrdiff_t>(first));
        for (Walk& walk : cut_walks(to, group, rule))
            result.walks.push_back(std::move(walk));
        const size_t behind = result.walks.size();
        result.walks.insert(result.walks.end(), term.walks.begin() + static_cast<std::ptrdiff_t>(last),
                            term.walks.end());
        for (size_t walk = first; walk < behind; ++walk) {
            Walk& own = result.walks[walk];
            if (own.period != own.length)
                continue;
            // The rows of a batch laid end to end start anew with each row: what a row shows beyond its end is not the
            // next one.
            const Rule rule_of_row = own_rule(result, walk);
            if (rule_of_row.period > 0) {
                own.period = rule_of_row.period;
                own.shift = rule_of_row.shift;
            }
        }
        return result;
    }

private:
    /// Offset of a flat position of the group within one outer block of the old table.
    int64_t entry_of(const Term& term, size_t first, size_t last, int64_t position) const {
        int64_t entry = 0;
        for (size_t axis = group.from_end, walk = last; axis-- > group.from_begin;) {
            const int64_t own = position % from[axis];
            position /= from[axis];
            if (walk > first && term.walks[walk - 1].axis == static_cast<int>(axis)) {
                --walk;
                entry += term.walks[walk].slot(own) * term.inner(walk);
            }
        }
        return entry;
    }
};

} // namespace

Term regrouped(const Term& term, Regrouping regrouping, size_t first, size_t last, int64_t length) {
    return Regrouper{regrouping}.apply(term, first, last, length);
}

} // namespace rfonnx
