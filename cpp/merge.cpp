#include "merge.hpp"

#include <algorithm>

#include "cells.hpp"
#include "compress.hpp"
#include "joint.hpp"
#include "lay.hpp"

namespace rfonnx {
namespace {

bool same_walks(const Term& a, const Term& b) {
    if (a.walks.size() != b.walks.size() || a.along.has_value() != b.along.has_value() ||
        (a.along && a.along->axis != b.along->axis))
        return false;
    for (size_t k = 0; k < a.walks.size(); ++k) {
        if (a.walks[k].axis != b.walks[k].axis)
            return false;
    }
    return true;
}

/// Tables of the same layout, entry by entry: the common case, without index arithmetic.
bool same_layout(const Term& a, const Term& b) {
    if (!same_walks(a, b))
        return false;
    for (size_t k = 0; k < a.walks.size(); ++k) {
        if (a.walks[k].classes != b.walks[k].classes)
            return false;
    }
    return true;
}

/// True when the term walks the axis, or a long one beside it, otherwise than by runs along `axis`.
bool is_turned(const Term& term, int axis) {
    return !term.walks_along(axis) && (term.along || term.find(axis) >= 0);
}

/// The term with `axis` for its `along`, if it walks it; another one is laid out, and dropped where it is too long for
/// that.
Term turned(const Term& term, int axis, bool& widened) {
    if (!is_turned(term, axis))
        return term;
    Term flat;
    try {
        flat = laid_out(term);
    } catch (const TooManyValues&) {
        widened = true;
        flat = without_along(term);
    }
    const int walk = flat.find(axis);
    return walk < 0 ? flat : as_runs(flat, static_cast<size_t>(walk));
}

/// Whether `outer` holds what `inner` sees at one of the positions at which that sees anything; true where there is
/// none. Both are tables. Branches of a concat see something at other channels each, and show that here.
bool holds_one(const Term& outer, const Term& inner) {
    const auto some =
        std::find_if(inner.table.begin(), inner.table.end(), [](Interval value) { return !value.empty(); });
    if (some == inner.table.end())
        return true;
    int64_t left = some - inner.table.begin(), entry = 0, within = 1;
    size_t place = outer.walks.size();
    for (size_t k = inner.walks.size(); k-- > 0;) {
        const Walk& walk = inner.walks[k];
        const int64_t slot = left % walk.slots;
        left /= walk.slots;
        for (; place > 0 && outer.walks[place - 1].axis >= walk.axis; --place) {
            const Walk& own = outer.walks[place - 1];
            const bool alike = own.axis == walk.axis; // else any position does
            entry += own.slot(!alike ? 0 : walk.classes ? walk.classes->first_of(slot) : slot) * within;
            within *= own.slots;
        }
    }
    for (; place > 0; --place) {
        entry += outer.walks[place - 1].slot(0) * within;
        within *= outer.walks[place - 1].slots;
    }
    return rfonnx::contains(outer.table[index(entry)], *some);
}

/// True when `outer` holds `inner`; see `normalise`. Most do not, and show it at the first or the last of all
/// positions, or at one that sees something.
bool contains(const Term& outer, const Term& inner) {
    for (const bool last : {false, true}) {
        if (!rfonnx::contains(outer.corner(last), inner.corner(last)))
            return false;
    }
    if (!outer.along && !inner.along && !holds_one(outer, inner))
        return false;
    for (const Term* one : {&outer, &inner}) {
        if (!one->along)
            continue;
        const int axis = one->along->axis;
        const Term& other = one == &outer ? inner : outer;
        if (other.find(axis) < 0)
            continue; // the other one keeps that axis as runs, or does not walk it
        bool dropped = false;
        const Term alike = turned(other, axis, dropped);
        return !dropped && (one == &outer ? contains(outer, alike) : contains(alike, inner));
    }
    for (const Walk& walk : outer.walks) {
        const int within = inner.find(walk.axis);
        if (within < 0 || !same_slope(walk, inner.walks[static_cast<size_t>(within)]))
            return false;
    }
    if (outer.along && (!inner.walks_along(outer.along->axis) || !same_slope(*outer.along, *inner.along)))
        return false;
    const auto holds = [](const auto& o, const auto& i) { return rfonnx::contains(o, i); };
    if (!outer.along && !inner.along && same_layout(outer, inner))
        return std::equal(outer.table.begin(), outer.table.end(), inner.table.begin(), holds);
    return visit_jointly(outer, inner, joint_walks(outer, inner), [&](size_t o, size_t i) {
        return outer.along   ? holds(outer.columns[o], inner.columns[i])
               : inner.along ? holds(outer.table[o], range_of(inner.columns[i]))
                             : holds(outer.table[o], inner.table[i]);
    });
}

/// The walk that two terms have together as runs, as `joint` has it of others.
Walk joint_along(const Term& a, const Term& b) {
    Walk result = a.along ? *a.along : *b.along;
    const bool goes_on = a.along && b.along && a.along->period > 0 && same_slope(*a.along, *b.along);
    const int64_t period = goes_on ? common_period(*a.along, *b.along) : 0;
    const bool shows = period > 0 && period <= result.length;
    result.shift = shows ? multiply(a.along->shift, period / a.along->period) : 0;
    result.period = shows ? period : 0;
    return result;
}

/// The hull of two terms, with equal slices stored once along walks by different classes: two classes that see
/// different places in either may see the same in both.
Term with_common_classes(Term hull, const Term& a, const Term& b) {
    for (size_t walk = 0; walk < hull.walks.size(); ++walk) {
        const int in_a = a.find(hull.walks[walk].axis), in_b = b.find(hull.walks[walk].axis);
        if (in_a >= 0 && in_b >= 0 && a.walks[index(in_a)].classes != b.walks[index(in_b)].classes)
            hull = deduplicated(hull, walk);
    }
    if (a.along && b.along && (a.along->some_alike || b.along->some_alike)) // as classes are
        hull.along->some_alike = some_alike(hull.columns, hull.along->length);
    return hull;
}

/// Hull of two terms over the union of their walks. Keeps a rule only where both have the same slope.
Term merged(const Term& a, const Term& b, bool& widened) {
    if (a.along || b.along) {
        const int axis = a.along ? a.along->axis : b.along->axis;
        if (is_turned(a, axis) || is_turned(b, axis))
            return merged(turned(a, axis, widened), turned(b, axis, widened), widened);
    }
    const auto joints = joint_walks(a, b);
    Term result;
    result.walks.reserve(joints.size());
    for (const JointWalk& joint : joints)
        result.walks.push_back(joint.walk);
    if (a.along || b.along)
        result.along = joint_along(a, b);
    const int64_t size = table_size(result.walks);
    if (size > kLargestTable) {
        widened = true;
        const bool drop_of_a = a.cells() >= b.cells();
        const Term& larger = drop_of_a ? a : b;
        const Term smaller = without_walk(larger, cheapest_walk(larger));
        return drop_of_a ? merged(smaller, b, widened) : merged(a, smaller, widened);
    }
    if (result.along) {
        const auto column = [&](const Term& term, size_t cell) {
            return term.along ? term.columns[cell] : column_of(term.table[cell], result.along->length);
        };
        visit_jointly(a, b, joints, [&](size_t x, size_t y) {
            result.columns.push_back(hull(column(a, x), column(b, y)));
            return true;
        });
        return with_common_classes(std::move(result), a, b);
    }
    result.table.reserve(index(size));
    if (same_layout(a, b)) {
        for (size_t i = 0; i < a.table.size(); ++i)
            result.table.push_back(hull(a.table[i], b.table[i]));
    } else {
        visit_jointly(a, b, joints, [&](size_t x, size_t y) {
            result.table.push_back(hull(a.table[x], b.table[y]));
            return true;
        });
    }
    return with_common_classes(std::move(result), a, b);
}

/// The same; where runs of both meet too seldom for a table, what is kept as runs is dropped.
TermPtr merged_at_most(const TermPtr& a, const TermPtr& b, bool& widened) {
    try {
        return std::make_shared<const Term>(merged(*a, *b, widened));
    } catch (const TooManyValues&) {
        widened = true;
        return std::make_shared<const Term>(
            merged(a->along ? without_along(*a) : *a, b->along ? without_along(*b) : *b, widened));
    }
}

/// True when `merged` would keep the rules of both: walks along the same axes, and along each the same slope or no rule
/// on either side.
bool mergeable(const Term& a, const Term& b) {
    const std::vector<Walk> of_a = a.all_walks(), of_b = b.all_walks();
    return std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), [](const Walk& x, const Walk& y) {
        return x.axis == y.axis && same_slope(x, y) && (x.period == 0 || common_period(x, y) <= x.length);
    });
}

void drop_contained(std::vector<TermPtr>& terms) {
    for (size_t i = 0; i < terms.size(); ++i) {
        for (size_t j = 0; j < terms.size() && terms[i]; ++j) {
            if (i != j && terms[j] && (terms[i] == terms[j] || contains(*terms[j], *terms[i])))
                terms[i] = nullptr;
        }
    }
    terms.erase(std::remove(terms.begin(), terms.end(), nullptr), terms.end());
}

void merge_alike(Field& field) {
    for (size_t i = 0; i < field.terms.size(); ++i) {
        for (size_t j = field.terms.size() - 1; j > i; --j) {
            if (!mergeable(*field.terms[i], *field.terms[j]))
                continue;
            field.terms[i] = merged_at_most(field.terms[i], field.terms[j], field.widened);
            field.terms.erase(field.terms.begin() + static_cast<std::ptrdiff_t>(j));
        }
    }
}

} // namespace

void normalise(Field& field) {
    if (field.terms.size() < 2)
        return;
    drop_contained(field.terms);
    merge_alike(field);
    drop_contained(field.terms);
    while (field.terms.size() > kMostTerms) {
        const TermPtr last = field.terms.back();
        field.terms.pop_back();
        field.terms.back() = merged_at_most(field.terms.back(), last, field.widened);
    }
}

} // namespace rfonnx
