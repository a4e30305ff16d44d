#include "reindex.hpp"

#include <algorithm>

#include "cells.hpp"
#include "compress.hpp"
#include "lay.hpp"
#include "row_major.hpp"

namespace rfonnx {
namespace {

struct Rule {
    int64_t period = 0, shift = 0;
};

/// Rule of several axes laid out flat. Stepping `period * inner` flat positions moves the outer axis by `period` and
/// nothing else.
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

/// A smaller period that the table has too: neighbours in a flat layout often continue each other.
Rule shortest_rule(Rule rule, const std::vector<Interval>& table, int64_t outer, int64_t length, int64_t inner) {
    for (int64_t period = 1; period < rule.period; ++period) {
        if (rule.period % period != 0 || rule.shift % (rule.period / period) != 0)
            continue;
        const Rule shorter{period, rule.shift / (rule.period / period)};
        if (follows(shorter, table, outer, length, inner))
            return shorter;
    }
    return rule;
}

/// Longest period that is looked for in a table: what upsampling makes, and no search that grows with the table's
/// square.
constexpr int64_t kLongestPeriod = 64;

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
struct Regrouping {
    const Shape& from;
    const Shape& to;
    const Group& group;

    /// Walks [first, last) of the term lie in the group, of `length` positions; there is at least one.
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
        rule = shortest_rule(rule, result.table, outer, length, inner);

        result.walks.assign(term.walks.begin(), term.walks.begin() + static_cast<std::ptrdiff_t>(first));
        append_cut(result.walks, length, rule);
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

    /// One walk per new axis longer than 1, numbered as in `from` (renumbered later); their rules follow from the flat
    /// one.
    void append_cut(std::vector<Walk>& walks, int64_t length, Rule rule) const {
        int64_t stride = length;
        for (size_t axis = group.to_begin; axis < group.to_end; ++axis) {
            stride /= to[axis];
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
            walks.push_back(walk);
        }
    }
};

int64_t length_of(const Shape& shape, size_t begin, size_t end) {
    int64_t length = 1;
    for (size_t axis = begin; axis < end; ++axis)
        length = multiply(length, shape[axis]);
    return length;
}

} // namespace

std::vector<Group> groups_of(const Shape& from, const Shape& to) {
    std::vector<Group> groups;
    if (without_elements(from)) // nothing to match up: one group of everything
        return {{0, from.size(), 0, to.size()}};
    size_t i = 0, j = 0;
    while (i < from.size() && j < to.size()) {
        Group group{i, i + 1, j, j + 1};
        int64_t left = from[i++], right = to[j++];
        while (left != right) {
            if (left < right) {
                left = multiply(left, from[i++]);
            } else {
                right = multiply(right, to[j++]);
            }
        }
        group.from_end = i;
        group.to_end = j;
        groups.push_back(group);
    }
    // What is left over on either side are axes of length 1.
    if (i < from.size())
        groups.push_back({i, from.size(), to.size(), to.size()});
    return groups;
}

TermPtr permuted(const TermPtr& term, const std::vector<int>& perm) {
    auto result = std::make_shared<Term>();
    std::vector<int64_t> strides, slots;
    for (size_t axis = 0; axis < perm.size(); ++axis) {
        const int walk = term->find(perm[axis]);
        if (walk < 0)
            continue;
        result->walks.push_back(term->walks[static_cast<size_t>(walk)]);
        result->walks.back().axis = static_cast<int>(axis);
        strides.push_back(term->inner(static_cast<size_t>(walk)));
        slots.push_back(result->walks.back().slots);
    }
    if (term->along) {
        result->along = term->along;
        result->along->axis = static_cast<int>(std::find(perm.begin(), perm.end(), term->along->axis) - perm.begin());
    }
    with_cells(*term, [&](const auto& cells) {
        auto& made = like(*result, cells);
        made.reserve(cells.size());
        std::vector<int64_t> slot(strides.size(), 0);
        for (size_t entry = 0; entry < cells.size(); ++entry) {
            const int64_t old = std::inner_product(slot.begin(), slot.end(), strides.begin(), int64_t{0});
            made.push_back(cells[index(old)]);
            advance(slot, slots);
        }
    });
    return result;
}

namespace {

/// The one axis longer than 1 of several; -1 when there is none, or more.
int only_long(const Shape& shape, size_t begin, size_t end) {
    int found = -1;
    for (size_t axis = begin; axis < end; ++axis) {
        if (shape[axis] != 1 && found >= 0)
            return -1;
        found = shape[axis] != 1 ? static_cast<int>(axis) : found;
    }
    return found;
}

/// The shortest rule that columns follow which follow a longer one: neighbours in a flat layout often continue each
/// other.
void shorten_rule(Walk& along, const std::vector<ColumnPtr>& columns) {
    int64_t period = 1;
    for (const ColumnPtr& column : columns) {
        if (column && (column->lo.runs().size() > 1 || column->hi.runs().size() > 1))
            return;
        if (column)
            period = std::lcm(period, std::lcm(column->lo.runs()[0].period(), column->hi.runs()[0].period()));
        if (period > along.period)
            return;
    }
    if (along.period % period != 0 || along.shift % (along.period / period) != 0)
        return;
    along.shift /= along.period / period;
    along.period = period;
}

/// The axis that `along` is after a reshape that only puts axes of length 1 beside it; -1 when it does more. What
/// other walks there are must not be cut or merged. `anew`: there are such axes.
int renamed_along(const Term& term, const Shape& from, const Shape& to, bool& anew) {
    int result = -1;
    for (const Group& group : groups_of(from, to)) {
        const auto within = [&](const Walk& walk) {
            return walk.axis >= static_cast<int>(group.from_begin) && walk.axis < static_cast<int>(group.from_end);
        };
        const bool single = group.from_end - group.from_begin == 1 && group.to_end - group.to_begin == 1;
        if (within(*term.along)) {
            anew = !single;
            // A rule as long as the axis may hide a shorter one, which is looked for in the table.
            const bool renamed = only_long(from, group.from_begin, group.from_end) == term.along->axis &&
                                 term.along->period != term.along->length;
            if (single)
                result = static_cast<int>(group.to_begin);
            else if (renamed)
                result = only_long(to, group.to_begin, group.to_end);
        }
        if (!single && std::any_of(term.walks.begin(), term.walks.end(), within))
            return -1;
    }
    return result;
}

/// A term with `along` after a reshape.
TermPtr reshaped_along(const Term& term, const Shape& from, const Shape& to, bool& widened) {
    bool anew = false;
    const int place = renamed_along(term, from, to, anew);
    if (place >= 0) {
        auto result = std::make_shared<Term>(term);
        if (anew && result->along->period > 0)
            shorten_rule(*result->along, result->columns);
        result->along->axis = place;
        const std::vector<Group> groups = groups_of(from, to);
        for (Walk& walk : result->walks) {
            const auto holds = [&](const Group& group) { return walk.axis < static_cast<int>(group.from_end); };
            walk.axis = static_cast<int>(std::find_if(groups.begin(), groups.end(), holds)->to_begin);
        }
        if (anew)
            *result = compressed(std::move(*result));
        return result;
    }
    try {
        return reshaped(std::make_shared<const Term>(laid_out(term)), from, to, widened);
    } catch (const TooManyValues&) {
        widened = true;
        return reshaped(std::make_shared<const Term>(without_along(term)), from, to, widened);
    }
}

} // namespace

TermPtr reshaped(const TermPtr& term, const Shape& from, const Shape& to, bool& widened) {
    if (term->along)
        return reshaped_along(*term, from, to, widened);
    Term current = *term;
    bool cut = false;
    for (const Group& group : groups_of(from, to)) {
        const auto in_group = [&](const Walk& walk) {
            return walk.axis >= static_cast<int>(group.from_begin) && walk.axis < static_cast<int>(group.from_end);
        };
        // Walks before this group already carry their new axis numbers, and come first in the table.
        size_t remaining = 0;
        for (const Walk& walk : term->walks)
            remaining += walk.axis >= static_cast<int>(group.from_begin);
        const size_t first = current.walks.size() - remaining;
        size_t last = first;
        while (last < current.walks.size() && in_group(current.walks[last]))
            ++last;
        if (first == last)
            continue;
        if (group.from_end - group.from_begin == 1 && group.to_end - group.to_begin == 1) {
            current.walks[first].axis = static_cast<int>(group.to_begin);
            continue;
        }
        const int64_t length = length_of(from, group.from_begin, group.from_end);
        int64_t others = static_cast<int64_t>(current.table.size());
        for (size_t walk = first; walk < last; ++walk)
            others /= std::max(current.walks[walk].slots, int64_t{1});
        if (multiply(others, length) > kLargestTable) {
            widened = true;
            return reshaped(std::make_shared<const Term>(without_walk(*term, cheapest_walk(*term))), from, to, widened);
        }
        current = Regrouping{from, to, group}.apply(current, first, last, length);
        cut = true;
    }
    return std::make_shared<const Term>(cut ? compressed(std::move(current)) : std::move(current));
}

TermPtr broadcast(const TermPtr& term, const Shape& from, const Shape& to) {
    const auto skipped = static_cast<int>(to.size() - from.size());
    bool changes = skipped > 0;
    for (const Walk& walk : term->walks)
        changes = changes || to[static_cast<size_t>(walk.axis + skipped)] != walk.length;
    if (term->along)
        changes = changes || to[static_cast<size_t>(term->along->axis + skipped)] != term->along->length;
    if (!changes)
        return term;
    auto result = std::make_shared<Term>();
    result->table = term->table; // dropped walks have one entry
    result->along = term->along;
    result->columns = term->columns;
    if (result->along) {
        result->along->axis += skipped;
        if (to[static_cast<size_t>(result->along->axis)] != result->along->length) // its only position is repeated
            *result = without_along(*result);
    }
    for (Walk walk : term->walks) {
        walk.axis += skipped;
        if (to[static_cast<size_t>(walk.axis)] == walk.length)
            result->walks.push_back(walk);
    }
    return result;
}

} // namespace rfonnx
