#include "regroup_runs.hpp"

#include <algorithm>

#include "flat_rule.hpp"
#include "overlay.hpp"

namespace rfonnx {
namespace {

/// Runs that are looked at to cut an axis, at most.
constexpr int64_t kMostLooks = int64_t{1} << 24;

/// Longest turn of a rule that moves on. Rows laid end to end have longer ones: whatever is done to them is looked at
/// throughout a turn.
constexpr int64_t kLongestTurn = int64_t{1} << 16;

using End = Bound Column::*;

Bound end_of(const ColumnPtr& column, End end, int64_t length) {
    return column ? (*column).*end : constant_bound(length, kNothing);
}

/// f, so often end to end.
Bound end_to_end(const Bound& f, int64_t times) {
    Bound result;
    if (times > 1 && times > f.length() / f.cost()) { // stores less as one run
        if (f.length() > kMostValues)
            throw TooManyValues();
        std::vector<int64_t> values = written(f, 0, f.length());
        std::vector<int64_t> increments(values.size(), 0);
        result.append({0, f.length() * times, std::move(values), std::move(increments)});
        return result;
    }
    if (times > kMostParts)
        throw TooManyValues();
    for (int64_t k = 0; k < times; ++k)
        result.append(f);
    return result;
}

/// The group's axes before and behind `along`, as the term walks them.
struct Beside {
    const Term& term;
    const Shape& from;
    size_t begin, end;  // axes
    size_t first, last; // walks

    int64_t positions() const {
        int64_t count = 1;
        for (size_t axis = begin; axis < end; ++axis)
            count = multiply(count, from[axis]);
        return count;
    }
    int64_t slots() const {
        int64_t count = 1;
        for (size_t walk = first; walk < last; ++walk)
            count *= term.walks[walk].slots;
        return count;
    }
    /// The slot of a flat position among these axes.
    int64_t slot(int64_t position) const {
        int64_t slot = 0, slots = 1;
        for (size_t axis = end, walk = last; axis-- > begin; position /= from[axis]) {
            if (walk == first || term.walks[walk - 1].axis != static_cast<int>(axis))
                continue;
            --walk;
            slot += term.walks[walk].slot(position % from[axis]) * slots;
            slots *= term.walks[walk].slots;
        }
        return slot;
    }
};

/// A term whose group is laid out flat as runs.
struct Flat {
    const Beside &before, &behind;
    int64_t length; // along

    /// `column_of(slot before, slot behind)` is what the walk shows there.
    template <typename ColumnOf>
    ColumnPtr operator()(ColumnOf column_of_slots) const {
        const auto flat = [&](End end) {
            const auto block = [&](int64_t slot) {
                return inner([&](int64_t inside) { return end_of(column_of_slots(slot, inside), end, length); });
            };
            return outer(block).simplified();
        };
        return column_of(flat(&Column::lo), flat(&Column::hi));
    }

private:
    template <typename BoundOf>
    Bound inner(BoundOf bound_of) const {
        const int64_t count = behind.positions();
        if (behind.slots() == 1)
            return repeated(bound_of(0), count);
        if (count > kMostParts)
            throw TooManyValues();
        std::vector<Bound> parts;
        for (int64_t position = 0; position < count; ++position)
            parts.push_back(bound_of(behind.slot(position)));
        return interleaved(parts, multiply(length, count));
    }
    template <typename BoundOf>
    Bound outer(BoundOf bound_of) const {
        const int64_t count = before.positions();
        if (before.slots() == 1)
            return end_to_end(bound_of(0), count);
        if (count > kMostParts)
            throw TooManyValues();
        std::vector<Bound> blocks;
        for (int64_t slot = 0; slot < before.slots(); ++slot)
            blocks.push_back(bound_of(slot));
        Bound result;
        for (int64_t position = 0; position < count; ++position)
            result.append(blocks[index(before.slot(position))]);
        return result;
    }
};

bool follows(Rule rule, const ColumnPtr& column) {
    if (!column)
        return true;
    const auto goes_on = [&](const Bound& bound, int64_t shift) {
        const int64_t rest = bound.length() - rule.period;
        return same(gathered(bound, 1, rule.period, rest), moved(gathered(bound, 1, 0, rest), shift));
    };
    return goes_on(column->lo, rule.shift) && goes_on(column->hi, -rule.shift);
}

bool follows(Rule rule, const std::vector<ColumnPtr>& columns) {
    return std::all_of(columns.begin(), columns.end(), [&](const ColumnPtr& column) { return follows(rule, column); });
}

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

/// The rule that `along` follows by itself, where it does so for two periods at least; else none. Looked for where the
/// first of the blocks before it sees something.
Rule own_rule_along(const Term& term, int64_t inner) {
    const int64_t length = term.along->length;
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
        if (follows(rule, term.columns))
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

std::optional<Term> regrouped_runs(const Term& term, Regrouping regrouping, size_t first, size_t last) {
    const auto& [from, to, group] = regrouping;
    const auto own = static_cast<size_t>(term.along->axis);
    size_t place = first;
    while (place < last && term.walks[place].axis < term.along->axis)
        ++place;
    const Beside before{term, from, group.from_begin, own, first, place};
    const Beside behind{term, from, own + 1, group.from_end, place, last};
    const int64_t length = multiply(multiply(before.positions(), term.along->length), behind.positions());

    // The cells of the term: those before the group, in it before `along`, in it behind, and behind the group.
    int64_t inner = 1;
    for (size_t walk = last; walk < term.walks.size(); ++walk)
        inner *= term.walks[walk].slots;
    const int64_t outer = term.cells() / (before.slots() * behind.slots() * inner);
    std::vector<ColumnPtr> flat;
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            flat.push_back(Flat{before, behind, term.along->length}([&](int64_t slot, int64_t inside) {
                return term.columns[index(((o * before.slots() + slot) * behind.slots() + inside) * inner + i)];
            }));
        }
    }

    std::vector<Walk> merged(term.walks.begin() + static_cast<std::ptrdiff_t>(first),
                             term.walks.begin() + static_cast<std::ptrdiff_t>(last));
    merged.push_back(*term.along);
    Rule rule = flat_rule(merged, from, group);
    if (rule.period > length)
        rule = {};
    rule = shortest_rule(rule, [&](Rule shorter) { return follows(shorter, flat); });
    std::vector<Walk> walks = cut_walks(to, group, rule);
    const auto turns_late = [](const Walk& walk) { return walk.period > kLongestTurn && walk.shift != 0; };
    if (walks.empty() || std::any_of(walks.begin(), walks.end(), turns_late))
        return {};
    const auto longest =
        std::max_element(walks.begin(), walks.end(), [](const Walk& a, const Walk& b) { return a.length < b.length; });
    Term result{{term.walks.begin(), term.walks.begin() + static_cast<std::ptrdiff_t>(first)}, {}};
    result.along = *longest;
    int64_t blocks = 1, apart = 1; // new positions before it, and from one of its positions to the next
    for (auto walk = walks.begin(); walk != walks.end(); ++walk)
        (walk < longest ? blocks : apart) *= walk == longest ? 1 : walk->length;
    walks.erase(longest);
    result.walks.insert(result.walks.end(), walks.begin(), walks.end());
    const size_t end = result.walks.size();
    result.walks.insert(result.walks.end(), term.walks.begin() + static_cast<std::ptrdiff_t>(last), term.walks.end());

    int64_t cost = 0, runs = 1;
    for (const ColumnPtr& column : flat)
        runs += column ? static_cast<int64_t>(column->lo.runs().size() + column->hi.runs().size()) : 0;
    if (blocks * apart > kMostParts || multiply(runs, blocks * apart) > kMostLooks)
        throw TooManyValues();
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t block = 0; block < blocks * apart; ++block) {
            const int64_t begin = block / apart * result.along->length * apart + block % apart;
            for (int64_t i = 0; i < inner; ++i) {
                const ColumnPtr& all = flat[index(o * inner + i)];
                const auto part = [&](const Bound& bound) {
                    Bound cut = gathered(bound, apart, begin, result.along->length);
                    cost += cut.cost();
                    if (cost > 2 * kLargestTable)
                        throw TooManyValues();
                    return cut;
                };
                result.columns.push_back(all ? column_of(part(all->lo), part(all->hi)) : nullptr);
            }
        }
    }
    // The rows of a batch laid end to end start anew with each row: what a row shows beyond its end is not the next
    // one.
    for (size_t walk = first; walk < end; ++walk) {
        if (result.walks[walk].period == result.walks[walk].length)
            take_rule(result.walks[walk], own_rule(result, walk));
    }
    if (result.along->period == result.along->length)
        take_rule(*result.along, own_rule_along(result, apart * inner));
    return result;
}

} // namespace rfonnx
