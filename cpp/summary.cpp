#include "summary.hpp"

#include <algorithm>
#include <unordered_map>

#include "sizes.hpp"
#include "slide.hpp"

namespace rfonnx {
namespace {

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
    result.sized = sizes.exact;

    const Sliding sliding = sliding_of(unbounded);
    // Two directions of a recurrent layer, of which neither sees all, leave nothing out together.
    if (!sliding.walks || sizes.alike || takes_all(unbounded, input_length)) {
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
