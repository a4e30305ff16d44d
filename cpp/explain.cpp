#include "explain.hpp"

#include <algorithm>

#include "reads.hpp"
#include "reindex.hpp"
#include "summary.hpp"

namespace rfonnx {
namespace {

using Position = std::vector<int64_t>;

int64_t size_at(const Field& field, const Position& position) {
    const Interval value = field.at(position);
    return value.empty() ? 0 : value.hi - value.lo + 1;
}

/// The position with the largest field, the nearest to the middle of those met first: the middle itself, then the
/// others along each walked axis in turn.
Position largest_position(const Field& field, const Shape& shape) {
    Position best(shape.size());
    for (size_t axis = 0; axis < shape.size(); ++axis)
        best[axis] = shape[axis] / 2;
    int64_t size = size_at(field, best);
    for (const TermPtr& term : field.terms) {
        for (const Walk& walk : term->walks) {
            const auto axis = static_cast<size_t>(walk.axis);
            Position candidate = best;
            for (int64_t k = 0; k < walk.length; ++k) {
                candidate[axis] = (shape[axis] / 2 + k) % walk.length;
                const int64_t candidate_size = size_at(field, candidate);
                if (candidate_size > size) {
                    best = candidate;
                    size = candidate_size;
                }
            }
        }
    }
    return best;
}

Position reshaped_position(const Shape& before, const Shape& after, const Position& position) {
    int64_t flat = 0;
    for (size_t axis = 0; axis < after.size(); ++axis)
        flat = flat * after[axis] + position[axis];
    Position result(before.size());
    for (size_t axis = before.size(); axis-- > 0;) {
        result[axis] = flat % before[axis];
        flat /= before[axis];
    }
    return result;
}

/// The middle of what a position reads, one step back; an empty position when nothing is read.
Position before_step(const Step& step, const Shape& before, Position position) {
    if (const auto reads = AxisReads::of(step)) {
        const auto axis = static_cast<size_t>(reads->axis());
        const Progression real = reads->real(position[axis], before[axis]);
        if (real.empty())
            return {};
        position[axis] = real.first + real.count() / 2 * real.step;
        if (position[axis] > real.last)
            position[axis] = real.last;
    } else if (const auto* reduce = std::get_if<Reduce>(&step)) {
        for (int axis : reduce->axes)
            position[static_cast<size_t>(axis)] = before[static_cast<size_t>(axis)] / 2;
    } else if (const auto* band = std::get_if<Band>(&step)) {
        const auto by = static_cast<size_t>(position[static_cast<size_t>(band->by)]);
        const Progression real = clipped({band->first[by], band->last[by], 1}, before[static_cast<size_t>(band->axis)]);
        if (real.empty())
            return {};
        position[static_cast<size_t>(band->axis)] = (real.first + real.last) / 2;
    } else if (const auto* permute = std::get_if<Permute>(&step)) {
        Position old(position.size());
        for (size_t axis = 0; axis < old.size(); ++axis)
            old[static_cast<size_t>(permute->perm[axis])] = position[axis];
        return old;
    } else {
        return reshaped_position(before, std::get<Reshape>(step).shape, position);
    }
    return position;
}

struct Back {
    Position position; // in the path's source
    Link link;
};

/// What a step does along the axes that carry the input axis.
void note(const Step& step, const Shape& before, const Axes& axes, Link& link) {
    link.reduces = link.reduces || takes_whole(step, before, axes);
    const auto reads = AxisReads::of(step);
    if (!reads || !axes[static_cast<size_t>(reads->axis())])
        return;
    link.slides = true;
    if (const auto* window = std::get_if<Window>(&step)) {
        link.kernel = window->kernel;
        link.dilation = window->dilation;
        link.stride = window->stride;
    } else if (const auto* spread = std::get_if<Spread>(&step)) {
        link.kernel = spread->kernel;
        link.dilation = spread->dilation;
        link.stride = Rational(1, spread->stride);
        link.spreads = true;
    } else if (reads->period() > 0) {
        link.stride = Rational(reads->shift(), reads->period());
        link.spreads = reads->period() > std::abs(reads->shift());
    }
}

/// Follows a path back, noting its steps along the axes of the source that carry the input axis.
Back follow_back(const Program& program, const Path& path, const Shape& shape, const Position& position,
                 const Axes& carrying) {
    std::vector<Shape> before{program.shape(path.source)};
    for (const Step& step : path.steps)
        before.push_back(shape_after(step, before.back()));
    Back back;
    const size_t skipped = shape.size() - before.back().size();
    for (size_t axis = skipped; axis < shape.size(); ++axis) {
        back.position.push_back(before.back()[axis - skipped] == 1 ? 0 : position[axis]);
    }
    for (size_t k = path.steps.size(); k-- > 0;) {
        const bool scalar = before[k + 1].empty() && before[k].empty();
        back.position = before_step(path.steps[k], before[k], back.position);
        if (back.position.empty() && !scalar && !before[k].empty())
            return back;
    }
    Axes axes = carrying;
    for (size_t k = 0; k < path.steps.size(); ++k) {
        note(path.steps[k], before[k], axes, back.link);
        axes = carried(path.steps[k], before[k], axes);
    }
    return back;
}

} // namespace

std::vector<Link> explain(const Program& program, const Hull& hull, const Carriers& carriers, int64_t source,
                          size_t axis) {
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    std::vector<Link> chain;
    Position position = largest_position(hull.field(source, axis, false), program.shape(source));
    while (true) {
        const int64_t size = size_at(hull.field(source, axis, false), position);
        if (size == 0)
            break;
        if (source < inputs) {
            Link link;
            link.source = source;
            link.from = -1;
            link.size = size;
            chain.push_back(link);
            break;
        }
        const Tensor& tensor = program.tensors[static_cast<size_t>(source - inputs)];
        Back best;
        int64_t largest = 0;
        for (const Path& path : tensor.paths) {
            const Field &field = hull.field(path.source, axis, false), &real = hull.field(path.source, axis, true);
            const Shape& shape = program.shape(path.source);
            if (field.terms.empty())
                continue;
            const Summary from = summarise(field, real, shape, hull.axes[axis].length);
            Back back = follow_back(program, path, tensor.shape, position,
                                    carriers.axes[static_cast<size_t>(path.source) * hull.axes.size() + axis]);
            if (back.position.size() != shape.size())
                continue;
            const int64_t own = size_at(field, back.position);
            if (own <= largest)
                continue;
            largest = own;
            best = std::move(back);
            best.link.from = path.source;
            best.link.jump = from.stride;
        }
        if (largest == 0)
            break; // only padding is read at this position
        best.link.source = source;
        best.link.size = size;
        chain.push_back(best.link);
        source = best.link.from;
        position = best.position;
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
}

} // namespace rfonnx
