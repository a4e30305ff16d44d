#include "own_rules.hpp"

#include <algorithm>

#include "overlay.hpp"

namespace rfonnx {
namespace {

bool follows(Rule rule, const ColumnPtr& column) {
    if (!column)
        return true;
    const auto goes_on = [&](const Bound& bound, int64_t shift) {
        const int64_t rest = bound.length() - rule.period;
        return same(gathered(bound, 1, rule.period, rest), moved(gathered(bound, 1, 0, rest), shift));
    };
    return goes_on(column->lo, rule.shift) && goes_on(column->hi, -rule.shift);
}

} // namespace

bool follow(Rule rule, const std::vector<ColumnPtr>& columns) {
    return std::all_of(columns.begin(), columns.end(), [&](const ColumnPtr& column) { return follows(rule, column); });
}

namespace {

/// The first position that sees something; the length where there is none.
int64_t first_seen(const ColumnPtr& column, int64_t length) {
    int64_t found = length;
    if (!column)
        return found;
    overlaid(column->lo, column->hi, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t period = common_period(x, y, end - begin);
        for (int64_t position = begin; position < begin + period && found == length; ++position)
            found = column->at(position).empty() ? length : position;
        return found == length;
    });
    return found;
}

/// The rule that `along` follows by itself; else none. Looked for where the first of the blocks before it sees
/// something.
Rule own_rule_along(const Term& term) {
    const int64_t length = term.along->length;
    int64_t inner = 1; // columns in such a block
    for (const Walk& walk : term.walks)
        inner *= walk.axis > term.along->axis ? walk.slots : 1;
    int64_t first = length;
    ColumnPtr seen;
    for (int64_t cell = 0; cell < inner; ++cell) {
        const int64_t place = first_seen(term.columns[index(cell)], length);
        if (place < first) {
            first = place;
            seen = term.columns[index(cell)];
        }
    }
    for (int64_t period = 1; period <= std::min(length / 2, kLongestPeriod) && first + period < length; ++period) {
        const Interval later = seen->at(first + period);
        if (later.empty())
            continue;
        const Rule rule{period, subtract(later.lo, seen->at(first).lo)};
        if (follow(rule, term.columns))
            return rule;
    }
    return {};
}

bool is_moved(const ColumnPtr& from, const ColumnPtr& to, int64_t shift) {
    if (!from || !to)
        return !from && !to;
    return same(moved(from->lo, shift), to->lo) && same(moved(from->hi, -shift), to->hi);
}

/// The same for another walk, whose entries are columns.
Rule own_rule(const Term& term, size_t walk) {
    const int64_t slots = term.walks[walk].slots, inner = term.inner(walk), outer = term.outer(walk);
    const int64_t along = term.along->length;
    // In front of it, `along` has a first block of its own.
    const int64_t looked_at = term.along->axis < term.walks[walk].axis ? 1 : along;
    int64_t first = 0, place = along;
    for (; first < slots * inner; ++first) {
        place = first_seen(term.columns[index(first)], along);
        if (place < looked_at)
            break;
    }
    for (int64_t period = 1; period <= std::min(slots / 2, kLongestPeriod) && first + period * inner < slots * inner;
         ++period) {
        const Interval later = at_position(term.columns[index(first + period * inner)], place);
        if (later.empty())
            continue;
        const Rule rule{period, subtract(later.lo, term.columns[index(first)]->at(place).lo)};
        bool all = true;
        for (int64_t o = 0; o < outer && all; ++o) {
            const ColumnPtr* row = term.columns.data() + o * slots * inner;
            for (int64_t i = 0; i < (slots - period) * inner && all; ++i)
                all = is_moved(row[i], row[i + period * inner], rule.shift);
        }
        if (all)
            return rule;
    }
    return {};
}

void take_rule(Walk& walk, Rule rule) {
    if (rule.period > 0) {
        walk.period = rule.period;
        walk.shift = rule.shift;
    }
}

} // namespace

void find_own_rules(Term& term, size_t first, size_t last) {
    for (size_t walk = first; walk < last; ++walk) {
        if (term.walks[walk].period == term.walks[walk].length)
            take_rule(term.walks[walk], own_rule(term, walk));
    }
    if (term.along->period == term.along->length)
        take_rule(*term.along, own_rule_along(term));
}

} // namespace rfonnx
