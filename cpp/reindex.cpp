#include "reindex.hpp"

#include <algorithm>

#include "cells.hpp"
#include "compress.hpp"
#include "lay.hpp"
#include "regroup.hpp"
#include "regroup_runs.hpp"
#include "row_major.hpp"

namespace rfonnx {
int64_t length_of(const Shape& shape, size_t begin, size_t end) {
    int64_t length = 1;
    for (size_t axis = begin; axis < end; ++axis)
        length = multiply(length, shape[axis]);
    return length;
}

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

bool within(const Walk& walk, const Group& group) {
    return walk.axis >= static_cast<int>(group.from_begin) && walk.axis < static_cast<int>(group.from_end);
}

/// An axis that stays as it is.
bool is_single(const Group& group) {
    return group.from_end - group.from_begin == 1 && group.to_end - group.to_begin == 1;
}

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
        const bool single = is_single(group);
        if (within(*term.along, group)) {
            anew = !single;
            // A rule as long as the axis may hide a shorter one, which is looked for in the table.
            const bool renamed = only_long(from, group.from_begin, group.from_end) == term.along->axis &&
                                 term.along->period != term.along->length;
            if (single)
                result = static_cast<int>(group.to_begin);
            else if (renamed)
                result = only_long(to, group.to_begin, group.to_end);
        }
        if (!single &&
            std::any_of(term.walks.begin(), term.walks.end(), [&](const Walk& walk) { return within(walk, group); }))
            return -1;
    }
    return result;
}

/// A term with `along` whose group alone is cut or merged, if a long axis comes of it that runs can hold.
std::optional<Term> reshaped_runs(Term term, const Shape& from, const Shape& to, Mode mode) {
    std::optional<Group> cut;
    size_t first = 0, last = 0, seen = 0; // walks in the group of `along`, and in all groups so far
    for (const Group& group : groups_of(from, to)) {
        size_t end = seen;
        while (end < term.walks.size() && within(term.walks[end], group))
            ++end;
        if (within(*term.along, group)) {
            cut = group;
            first = seen;
            last = end;
        } else if (end > seen) {
            if (!is_single(group))
                return {};
            term.walks[seen].axis = static_cast<int>(group.to_begin);
        }
        seen = end;
    }
    const auto is_long = [&](int64_t length) { return mode.long_axis(length); };
    if (std::none_of(to.begin() + static_cast<std::ptrdiff_t>(cut->to_begin),
                     to.begin() + static_cast<std::ptrdiff_t>(cut->to_end), is_long))
        return {};
    try {
        return regrouped_runs(term, {from, to, *cut}, first, last);
    } catch (const TooManyValues&) {
        return {};
    }
}

/// A term with `along` after a reshape.
TermPtr reshaped_along(const Term& term, const Shape& from, const Shape& to, Mode mode, bool& widened) {
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
    if (std::optional<Term> runs = reshaped_runs(term, from, to, mode))
        return std::make_shared<const Term>(compressed(std::move(*runs)));
    try {
        return reshaped(std::make_shared<const Term>(laid_out(term)), from, to, mode, widened);
    } catch (const TooManyValues&) {
        widened = true;
        return reshaped(std::make_shared<const Term>(without_along(term)), from, to, mode, widened);
    }
}

} // namespace

TermPtr reshaped(const TermPtr& term, const Shape& from, const Shape& to, Mode mode, bool& widened) {
    if (term->along)
        return reshaped_along(*term, from, to, mode, widened);
    Term current = *term;
    bool cut = false;
    for (const Group& group : groups_of(from, to)) {
        // Walks before this group already carry their new axis numbers, and come first in the table.
        size_t remaining = 0;
        for (const Walk& walk : term->walks)
            remaining += walk.axis >= static_cast<int>(group.from_begin);
        const size_t first = current.walks.size() - remaining;
        size_t last = first;
        while (last < current.walks.size() && within(current.walks[last], group))
            ++last;
        if (first == last)
            continue;
        if (is_single(group)) {
            current.walks[first].axis = static_cast<int>(group.to_begin);
            continue;
        }
        const int64_t length = length_of(from, group.from_begin, group.from_end);
        int64_t others = static_cast<int64_t>(current.table.size());
        for (size_t walk = first; walk < last; ++walk)
            others /= std::max(current.walks[walk].slots, int64_t{1});
        if (multiply(others, length) > kLargestTable) {
            const auto own = term->walks.end() - static_cast<std::ptrdiff_t>(remaining);
            const auto longest = std::max_element(own, own + static_cast<std::ptrdiff_t>(last - first),
                                                  [](const Walk& a, const Walk& b) { return a.length < b.length; });
            const Term along = as_runs(*term, static_cast<size_t>(longest - term->walks.begin()));
            if (std::optional<Term> runs = reshaped_runs(along, from, to, mode))
                return std::make_shared<const Term>(compressed(std::move(*runs)));
            widened = true;
            return reshaped(std::make_shared<const Term>(without_walk(*term, cheapest_walk(*term))), from, to, mode,
                            widened);
        }
        current = regrouped(current, {from, to, group}, first, last, length);
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
