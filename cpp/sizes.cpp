#include "sizes.hpp"

#include <algorithm>

#include "cells.hpp"
#include "choice.hpp"
#include "largest.hpp"
#include "lay.hpp"
#include "taken.hpp"

namespace rfonnx {
namespace {

void take_hulls(const std::vector<Choice>& choices, Taken& taken) {
    Interval range = kEmpty;
    for (const Choice& choice : choices)
        range = hull(range, choice.range());
    if (std::all_of(choices.begin(), choices.end(), [](const Choice& choice) { return choice.may_be_nothing(); }))
        taken.take_nothing();
    if (!range.empty())
        taken.take(range, largest_hull(choices), smallest_hull(choices));
}

/// The axis that terms walk as runs, where it is one and no term walks it otherwise; else -1.
int only_along(const Field& field) {
    int axis = -1;
    for (const TermPtr& term : field.terms) {
        if (!term->along)
            continue;
        if (axis >= 0 && term->along->axis != axis)
            return -1;
        axis = term->along->axis;
    }
    const bool otherwise =
        std::any_of(field.terms.begin(), field.terms.end(), [&](const TermPtr& term) { return term->find(axis) >= 0; });
    return otherwise ? -1 : axis;
}

/// Entries of a term that differ along axes which no other term walks: what they are together, other terms do not say.
struct Beside {
    std::vector<size_t> shared;   // walks along axes that some other term walks
    std::vector<int64_t> entries; // offsets of the combinations along the other walks
};

Beside beside(const Field& field, const Term& term) {
    Beside result{{}, {0}};
    for (size_t walk = 0; walk < term.walks.size(); ++walk) {
        const auto walks = [&](const TermPtr& other) {
            return other.get() != &term && other->find(term.walks[walk].axis) >= 0;
        };
        if (std::any_of(field.terms.begin(), field.terms.end(), walks)) {
            result.shared.push_back(walk);
            continue;
        }
        std::vector<int64_t> longer;
        for (const int64_t entry : result.entries) {
            for (int64_t slot = 0; slot < term.walks[walk].slots; ++slot)
                longer.push_back(entry + slot * term.inner(walk));
        }
        result.entries = std::move(longer);
    }
    return result;
}

/// By axis that several terms walk, positions that meet all combinations of their entries.
std::map<int, std::vector<int64_t>> shared_axes(const Field& field, const std::vector<Beside>& parts,
                                                const Shape& shape) {
    std::map<int, std::vector<int64_t>> all = representatives(field, whole(shape)), result;
    for (size_t k = 0; k < parts.size(); ++k) {
        for (const size_t walk : parts[k].shared) {
            const int axis = field.terms[k]->walks[walk].axis;
            result[axis] = all[axis];
        }
    }
    return result;
}

/// Terms that are tables. Along the axes that they share position by position; beside those each chooses by itself.
bool take_tables(const Field& field, const Shape& shape, Taken& taken) {
    std::vector<Beside> parts;
    int64_t count = 0;
    for (const TermPtr& term : field.terms) {
        parts.push_back(beside(field, *term));
        count += static_cast<int64_t>(parts.back().entries.size());
    }
    const auto axes = shared_axes(field, parts, shape);
    for (const auto& [axis, positions] : axes)
        count = std::min(multiply(count, static_cast<int64_t>(positions.size())), kMostEntries + 1);
    if (count > kMostEntries)
        return false;
    std::vector<Choice> choices(field.terms.size());
    Position position(shape.size(), 0);
    std::vector<int64_t> turn(axes.size(), 0), turns;
    for (const auto& [axis, positions] : axes)
        turns.push_back(static_cast<int64_t>(positions.size()));
    do {
        size_t digit = 0;
        for (const auto& [axis, positions] : axes)
            position[static_cast<size_t>(axis)] = positions[index(turn[digit++])];
        for (size_t k = 0; k < parts.size(); ++k) {
            const Term& term = *field.terms[k];
            int64_t base = 0;
            for (const size_t walk : parts[k].shared) {
                const Walk& own = term.walks[walk];
                base += own.slot(position[static_cast<size_t>(own.axis)]) * term.inner(walk);
            }
            choices[k].clear();
            for (const int64_t entry : parts[k].entries)
                choices[k].add(term.table[index(base + entry)]);
        }
        take_hulls(choices, taken);
    } while (advance(turn, turns));
    return true;
}

/// What all positions along `axis` see together, the others being as in `position`.
ColumnPtr column_at(const Field& field, int axis, int64_t length, const Position& position) {
    ColumnPtr seen;
    for (const TermPtr& term : field.terms) {
        const size_t cell = term->cell(position);
        seen = hull(seen, term->walks_along(axis) ? term->columns[cell] : column_of(term->table[cell], length));
    }
    return seen;
}

/// Terms of which some are runs along `axis`, and none is a table there: by combinations of all other axes.
bool take_columns(const Field& field, const Shape& shape, int axis, Taken& taken) {
    Field others = field; // without what is kept as runs
    for (TermPtr& term : others.terms)
        term = std::make_shared<const Term>(Term{term->walks, {}});
    return visit_combinations(representatives(others, whole(shape)), Position(shape.size(), 0),
                              [&](const Position& position) {
                                  taken.take(column_at(field, axis, shape[static_cast<size_t>(axis)], position));
                              });
}

/// Not looked at in combination: together terms see no more than all of them, and no less than one.
void take_terms(const Field& field, Taken& taken) {
    Interval range = kEmpty;
    Taken single;
    for (const TermPtr& term : field.terms) {
        with_cells(*term, [&](const auto& cells) {
            for (const auto& cell : cells) {
                range = hull(range, range_of(cell));
                single.take(cell);
            }
        });
    }
    taken.take_at_most(range, single.told(false).smallest);
}

bool several_positions(const Field& field) {
    return std::any_of(field.terms.begin(), field.terms.end(), [](const TermPtr& term) {
        const std::vector<Walk> walks = term->all_walks();
        return std::any_of(walks.begin(), walks.end(), [](const Walk& walk) { return walk.length > 1; });
    });
}

Field laid_out(const Field& field) {
    Field result = field;
    for (TermPtr& term : result.terms) {
        if (term->along)
            term = std::make_shared<const Term>(laid_out(*term));
    }
    return result;
}

} // namespace

Sizes sizes_of(const Field& field, const Shape& shape) {
    const bool several = several_positions(field);
    Taken taken;
    if (field.terms.size() == 1) {
        with_cells(*field.terms[0], [&](const auto& cells) {
            for (const auto& cell : cells)
                taken.take(cell);
        });
        return taken.told(several);
    }
    try {
        const int axis = only_along(field);
        if (axis >= 0 ? take_columns(field, shape, axis, taken) : take_tables(laid_out(field), shape, taken))
            return taken.told(several);
    } catch (const TooManyValues&) { // terms meet too seldom to look at all of them
    }
    taken = Taken();
    take_terms(field, taken);
    return taken.told(several);
}

} // namespace rfonnx
