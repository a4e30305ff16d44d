#include "trail.hpp"

#include "apply.hpp"
#include "reads.hpp"
#include "slide.hpp"

namespace rfonnx {
namespace {

/// A reduce over axes of both sorts as two, the axes that carry the input axis last: what channels add that see
/// different places is then told apart from what the axis adds. Every other step as it is.
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
    int64_t entry = flat(position, after);
    Position result(before.size());
    for (size_t axis = before.size(); axis-- > 0;) {
        result[axis] = entry % before[axis];
        entry /= before[axis];
    }
    return result;
}

Box at(const Position& position) {
    Box box;
    for (const int64_t p : position)
        box.push_back({p, p, 1});
    return box;
}

struct Reading {
    const Shape& before;
    const Position& position;

    std::optional<Box> operator()(const AxisReads& reads) const {
        const auto axis = static_cast<size_t>(reads.axis());
        const Progression free = reads.free(position[axis]);
        Progression real = clipped(free, before[axis]);
        if (real.empty())
            real = reads.real(position[axis], before[axis]);
        if (real.empty() && free.empty())
            return std::nullopt;
        if (real.empty()) // beyond the border only: the position next to it
            real.first = real.last = free.last < 0 ? 0 : before[axis] - 1;
        Box box = at(position);
        box[axis] = real;
        return box;
    }
    std::optional<Box> operator()(const Reduce& step) const {
        Box box = at(position);
        for (const int axis : step.axes)
            box[static_cast<size_t>(axis)] = {0, before[static_cast<size_t>(axis)] - 1, 1};
        return box;
    }
    std::optional<Box> operator()(const Band& step) const {
        const auto by = static_cast<size_t>(position[static_cast<size_t>(step.by)]);
        Box box = at(position);
        Progression& read = box[static_cast<size_t>(step.axis)];
        read = clipped({step.first[by], step.last[by], 1}, before[static_cast<size_t>(step.axis)]);
        return read.empty() ? std::nullopt : std::optional<Box>(box);
    }
    std::optional<Box> operator()(const Permute& step) const {
        Position old(position.size());
        for (size_t axis = 0; axis < old.size(); ++axis)
            old[static_cast<size_t>(step.perm[axis])] = position[axis];
        return at(old);
    }
    std::optional<Box> operator()(const Reshape& step) const {
        return at(reshaped_position(before, step.shape, position));
    }
};

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
    trail.carrying = *carriers.axes[static_cast<size_t>(path.source) * hull.axes.size() + axis];
    for (const Step& whole_step : path.steps) {
        for (const Step& step : single_steps(whole_step, trail.carrying)) {
            trail.stages.push_back({step, trail.shape, trail.carrying, trail.field});
            const Stage& stage = trail.stages.back();
            const AppliedStep apply = applied(stage.step, stage.before, {true, hull.runs_from});
            trail.field.terms.clear();
            for (const TermPtr& term : stage.field.terms) {
                if (TermPtr after = apply(term, trail.field.widened))
                    trail.field.terms.push_back(std::move(after));
            }
            carry(step, stage.before, trail.carrying);
            change(trail.shape, step);
        }
    }
    if (trail.field.terms.empty())
        return std::nullopt;
    return trail;
}

std::optional<Box> reads_of(const Stage& stage, const Position& position) {
    if (without_elements(stage.before))
        return std::nullopt;
    return visit_step(stage.step, Reading{stage.before, position});
}

Interval along(const Field& field, const Axes& carrying, const Position& position) {
    std::vector<int> axes;
    for (size_t axis = 0; axis < carrying.size(); ++axis) {
        if (carrying[axis])
            axes.push_back(static_cast<int>(axis));
    }
    return hull_along(field, axes, position);
}

} // namespace rfonnx
