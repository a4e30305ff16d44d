#include "trail.hpp"

#include "apply.hpp"

namespace rfonnx {
namespace {

/// A reduce over axes of both sorts as two, the axes that carry the input axis last: what channels add that see
/// different places is then told apart from what the axis adds.
std::vector<Step> single_steps(const Step& step, const Axes& carrying) {
    const auto* reduce = std::get_if<Reduce>(&step);
    if (reduce == nullptr)
        return {step};
    Reduce others, own;
    for (const int axis : reduce->axes)
        (carrying[static_cast<size_t>(axis)] ? own : others).axes.push_back(axis);
    if (own.axes.empty() || others.axes.empty())
        return {step};
    return {others, own};
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

Box at(const Position& position) {
    Box box;
    for (const int64_t p : position)
        box.push_back({p, p, 1});
    return box;
}

} // namespace

Position Trail::arrival(const Position& position, const Shape& joined) const {
    Position result;
    const size_t skipped = joined.size() - shape.size();
    for (size_t axis = 0; axis < shape.size(); ++axis)
        result.push_back(shape[axis] == 1 ? 0 : position[axis + skipped]);
    return result;
}

std::optional<Trail> follow(const Program& program, const Hull& hull, const Carriers& carriers, const Path& path,
                            size_t axis) {
    Trail trail{path.source, {}, program.shape(path.source), {}, hull.field(path.source, axis, false)};
    trail.carrying = carriers.axes[static_cast<size_t>(path.source) * hull.axes.size() + axis];
    for (const Step& whole_step : path.steps) {
        for (const Step& step : single_steps(whole_step, trail.carrying)) {
            trail.stages.push_back({step, trail.shape, trail.carrying, trail.field});
            const Stage& stage = trail.stages.back();
            const Applied applied(stage.step, stage.before, true);
            trail.field.terms.clear();
            for (const TermPtr& term : stage.field.terms) {
                if (TermPtr after = applied(term, trail.field.widened))
                    trail.field.terms.push_back(std::move(after));
            }
            trail.carrying = carried(step, stage.before, stage.carrying);
            trail.shape = shape_after(step, stage.before);
        }
    }
    if (trail.field.terms.empty())
        return std::nullopt;
    return trail;
}

std::optional<Box> reads_of(const Stage& stage, const Position& position) {
    const Shape& before = stage.before;
    if (std::find(before.begin(), before.end(), 0) != before.end())
        return std::nullopt;
    if (const auto reads = AxisReads::of(stage.step)) {
        const auto axis = static_cast<size_t>(reads->axis());
        const Progression free = reads->free(position[axis]);
        Progression real = clipped(free, before[axis]);
        if (real.empty())
            real = reads->real(position[axis], before[axis]);
        if (real.empty() && free.empty())
            return std::nullopt;
        if (real.empty())
            real.first = real.last = free.last < 0 ? 0 : before[axis] - 1;
        Box box = at(position);
        box[axis] = real;
        return box;
    }
    if (const auto* reduce = std::get_if<Reduce>(&stage.step)) {
        Box box = at(position);
        for (const int axis : reduce->axes)
            box[static_cast<size_t>(axis)] = {0, before[static_cast<size_t>(axis)] - 1, 1};
        return box;
    }
    if (const auto* band = std::get_if<Band>(&stage.step)) {
        const auto by = static_cast<size_t>(position[static_cast<size_t>(band->by)]);
        Box box = at(position);
        Progression& read = box[static_cast<size_t>(band->axis)];
        read = clipped({band->first[by], band->last[by], 1}, before[static_cast<size_t>(band->axis)]);
        return read.empty() ? std::nullopt : std::optional<Box>(box);
    }
    if (const auto* permute = std::get_if<Permute>(&stage.step)) {
        Position old(position.size());
        for (size_t axis = 0; axis < old.size(); ++axis)
            old[static_cast<size_t>(permute->perm[axis])] = position[axis];
        return at(old);
    }
    return at(reshaped_position(before, std::get<Reshape>(stage.step).shape, position));
}

Interval along(const Field& field, const Axes& carrying, const Position& position) {
    std::vector<int> axes;
    for (size_t axis = 0; axis < carrying.size(); ++axis) {
        if (carrying[axis])
            axes.push_back(static_cast<int>(axis));
    }
    Interval result = kEmpty;
    for (const TermPtr& term : field.terms)
        result = hull(result, reduced(term, axes)->at(position));
    return result;
}

} // namespace rfonnx
