#include "summary.hpp"

#include <unordered_map>

#include "cells.hpp"
#include "largest.hpp"
#include "overlay.hpp"
#include "slide.hpp"

namespace rfonnx {
namespace {

struct Sizes {
    int64_t largest = 0, smallest = 0;
    int64_t taken = 0;
    Interval first = kEmpty; // of the positions taken
    bool same = true;        // all of them see what the first one sees

    /// So many positions that see the same.
    void take(Interval value, int64_t count = 1) {
        first = taken == 0 ? value : first;
        taken += count;
        same = same && value.lo == first.lo && value.hi == first.hi;
        if (value.empty())
            return;
        const int64_t size = size_of(value);
        largest = std::max(largest, size);
        smallest = smallest == 0 ? size : std::min(smallest, size);
    }
    /// All positions of a column: on each stretch of it, in each residue, sizes lie between those at the ends.
    void take(const ColumnPtr& column, int64_t length) {
        const int64_t before = taken;
        if (!column)
            return take(kEmpty, length);
        overlaid(column->lo, column->hi, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
            const int64_t period = common_period(x, y, end - begin);
            if (period > kMostValues) { // not looked at one by one: between these two
                take(range_of(column));
                take(interval_of(x.at(begin), y.at(begin)));
                return true;
            }
            for (int64_t position = begin; position < begin + period; ++position) {
                const int64_t last = position + (end - 1 - position) / period * period;
                take(interval_of(x.at(position), y.at(position)));
                take(interval_of(x.at(last), y.at(last)));
            }
            return true;
        });
        taken = before + length; // whichever were looked at
    }
};

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

/// What all positions along `axis` see together, the others being as in `position`.
ColumnPtr column_at(const Field& field, int axis, int64_t length, const Position& position) {
    ColumnPtr seen;
    for (const TermPtr& term : field.terms) {
        const size_t cell = term->cell(position);
        seen = hull(seen, term->walks_along(axis) ? term->columns[cell] : column_of(term->table[cell], length));
    }
    return seen;
}

/// Terms that walk different axes meet in every combination, so the extremes meet somewhere.
Sizes sizes_of_terms(const Field& field) {
    Sizes sizes;
    Interval all = kEmpty;
    for (const TermPtr& term : field.terms) {
        for (const Interval& value : term->table) {
            all = hull(all, value);
            sizes.take(value);
        }
        for (const ColumnPtr& column : term->columns) {
            all = hull(all, range_of(column));
            sizes.take(column, term->along->length);
        }
    }
    sizes.take(all);
    sizes.same = false; // not looked at
    return sizes;
}

Sizes sizes_of(const Field& field, const Shape& shape) try {
    Sizes sizes;
    if (field.terms.size() == 1) {
        for (const Interval& value : field.terms[0]->table)
            sizes.take(value);
        for (const ColumnPtr& column : field.terms[0]->columns)
            sizes.take(column, field.terms[0]->along->length);
        return sizes;
    }
    const int axis = only_along(field);
    Field others = field; // without what is kept as runs
    for (TermPtr& term : others.terms) {
        if (term->along && axis >= 0)
            term = std::make_shared<const Term>(Term{term->walks, {}});
    }
    auto axes = representatives(others, whole(shape));
    for (const TermPtr& term : others.terms) {
        if (!term->along)
            continue;
        std::vector<int64_t>& positions = axes[term->along->axis]; // several long axes meet: one by one
        positions.resize(index(std::min(term->along->length, kMostJointPositions + 1)));
        std::iota(positions.begin(), positions.end(), int64_t{0});
    }
    const bool visited = visit_combinations(axes, Position(shape.size(), 0), [&](const Position& position) {
        if (axis < 0)
            return sizes.take(field.at(position));
        const int64_t length = shape[static_cast<size_t>(axis)];
        sizes.take(column_at(field, axis, length, position), length);
    });
    return visited ? sizes : sizes_of_terms(field);
} catch (const TooManyValues&) {
    return sizes_of_terms(field);
}

/// The one axis along which the field slides, and how. axis -1: none, or more than one.
struct Sliding {
    int axis = -1;
    int64_t period = 1;
    Rational stride = 0;
    bool regular = true; // every term slides along `axis` with `stride`, or differs by classes alone
    bool walks = false;  // some term depends on the position
};

Sliding sliding_of(const Field& field) {
    Sliding result;
    for (const TermPtr& term : field.terms) {
        const std::vector<Walk> walks = term->all_walks();
        // Beside what slides, a place that all positions of a class see.
        if (std::all_of(walks.begin(), walks.end(), [](const Walk& walk) { return walk.varies(); }))
            result.regular = false;
        for (const Walk& walk : walks) {
            result.walks = true;
            if (walk.varies())
                continue; // variants, such as the two halves of a concat over channels
            if (walk.period == 0 || walk.shift == 0) {
                result.regular = false;
                continue;
            }
            const Rational stride(walk.shift, walk.period);
            if (result.axis < 0) {
                result.axis = walk.axis;
                result.stride = stride;
                result.period = walk.period;
            } else if (result.axis == walk.axis && result.stride == stride) {
                result.period = multiply(result.period / std::gcd(result.period, walk.period), walk.period);
            } else {
                result.regular = false;
            }
        }
    }
    return result;
}

/// A term that gives every position the whole axis, as a mean over it does: whatever slides beside it.
bool takes_all(const Field& unbounded, int64_t input_length) {
    return std::any_of(unbounded.terms.begin(), unbounded.terms.end(), [&](const TermPtr& term) {
        return term->walks.empty() && !term->along && term->table[0].lo <= 0 && term->table[0].hi >= input_length - 1;
    });
}

/// Beside an axis that slides, the axes along which positions only come in classes (the two halves of a concat over
/// channels).
std::vector<int> variant_axes(const Field& unbounded, int sliding_axis) {
    std::vector<int> axes;
    if (sliding_axis < 0)
        return axes;
    for (const TermPtr& term : unbounded.terms) {
        for (const Walk& walk : term->all_walks()) {
            if (walk.axis != sliding_axis && walk.varies())
                axes.push_back(walk.axis);
        }
    }
    return axes;
}

} // namespace

Summary summarise(const Field& unbounded, const Field& clipped, const Shape& shape, int64_t input_length) {
    Summary result;
    const Sizes sizes = sizes_of(unbounded, shape);
    if (sizes.largest == 0)
        return result;
    result.size = sizes.largest;
    result.size_min = sizes.smallest;

    const Sliding sliding = sliding_of(unbounded);
    // Two directions of a recurrent layer, of which neither sees all, leave nothing out together.
    const bool alike = sizes.same && sizes.taken > 1;
    if (!sliding.walks || alike || takes_all(unbounded, input_length)) {
        result.kind = Kind::global;
    } else if (sliding.regular && sliding.axis >= 0) {
        result.kind = sliding.period == 1 ? Kind::local : Kind::periodic;
        result.period = sliding.period;
        result.stride = sliding.stride;
        result.tensor_axis = sliding.axis;
    } else {
        result.kind = Kind::block;
        result.stride = sliding.stride;
        result.tensor_axis = sliding.axis;
    }

    std::vector<int64_t> first(shape.size(), 0), middle(shape.size(), 0);
    for (size_t axis = 0; axis < shape.size(); ++axis)
        middle[axis] = shape[axis] / 2;
    // What a position sees, whichever of the variants it is.
    const auto variants = variant_axes(unbounded, result.tensor_axis);
    const Interval begin = hull_along(unbounded, variants, first), seen = hull_along(clipped, variants, middle);
    if (!begin.empty()) {
        result.start = begin.lo;
        result.center = Rational(add(begin.lo, begin.hi), 2);
    }
    if (!seen.empty())
        result.coverage = static_cast<double>(seen.hi - seen.lo + 1) / static_cast<double>(input_length);
    return result;
}

std::vector<Summary> summarise_all(const Program& program, const Hull& hull) {
    // Elementwise operators share their operand's field, and with it the summary.
    struct Known {
        const Field* clipped = nullptr;
        Summary summary;
    };
    std::unordered_map<const Field*, Known> known; // by unbounded field
    std::vector<Summary> summaries;
    for (int64_t source = 0; source < program.sources(); ++source) {
        for (size_t axis = 0; axis < hull.axes.size(); ++axis) {
            const Field &unbounded = hull.field(source, axis, false), &clipped = hull.field(source, axis, true);
            Known& same = known[&unbounded];
            if (same.clipped != &clipped)
                same = {&clipped, summarise(unbounded, clipped, program.shape(source), hull.axes[axis].length)};
            summaries.push_back(same.summary);
        }
    }
    return summaries;
}

} // namespace rfonnx
