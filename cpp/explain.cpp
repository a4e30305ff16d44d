#include "explain.hpp"

#include <algorithm>

#include "reads.hpp"
#include "summary.hpp"
#include "trail.hpp"

namespace rfonnx {
namespace {

/// Notes what a step is along the axis that carries the input axis.
void note(const AxisReads& reads, const Position& position, Link& link) {
    const int64_t o = position[static_cast<size_t>(reads.axis())];
    link.slides = true;
    link.kernel = reads.kernel(o);
    link.dilation = reads.dilation(o);
    if (reads.period() == 0)
        return; // a table that follows no rule: what one position reads says nothing about the next
    link.stride = Rational(reads.shift(), reads.period());
    if (!reads.is_window()) // which leaves as it is what a later step of the same path said
        link.spreads = reads.period() > magnitude(reads.shift());
}

/// True when the one position that a step makes along the axis takes in the whole axis, or some position of a table
/// that follows no rule (a recurrence, a cumulative sum) takes in all up to an end.
bool takes_axis(const Stage& stage, const AxisReads& reads, const Box& box) {
    const auto axis = static_cast<size_t>(reads.axis());
    const Progression& read = box[axis];
    const bool begins = read.first == 0, ends = read.last == stage.before[axis] - 1;
    if (stage.before[axis] < 2 || read.count() < 2 || read.step != 1)
        return false;
    return reads.period() == 0 ? begins || ends : reads.length() == 1 && begins && ends;
}

/// True when what is met holds all that there is along axes of more than one position: the two directions of a
/// recurrence together, not branches that slide.
bool completes(const Interval& met, const Field& field, const Axes& carrying, const Shape& shape,
               const Position& position) {
    bool long_axis = false;
    for (size_t axis = 0; axis < carrying.size(); ++axis)
        long_axis = long_axis || (carrying[axis] && shape[axis] > 1);
    return long_axis && contains(met, along(field, carrying, position));
}

/// Credits what a step adds to the largest position that it reads: to the step where it acts along an axis that carries
/// the input axis, and else to the channels, or whatever lies beside, that see different places.
struct Crediting {
    const Stage& stage;
    const Position& position; // after the step, and what it sees
    const Interval& value;
    const std::optional<Box>& read;
    const Largest& from;
    Link& link;
    int64_t added = size_of(value) - size_of(from.value);

    void operator()(const AxisReads& reads) const {
        if (!carries(reads.axis()))
            return credit_beside();
        note(reads, position, link);
        if (read && takes_axis(stage, reads, *read))
            return credit_taken();
        link.slid += added;
    }
    void operator()(const Reduce& step) const {
        const bool own = std::any_of(step.axes.begin(), step.axes.end(), [&](int axis) { return carries(axis); });
        own ? credit_taken() : credit_beside();
    }
    void operator()(const Band& step) const { carries(step.axis) ? credit_taken() : credit_beside(); }
    void operator()(const Permute&) const {} // the same positions in another order add nothing
    void operator()(const Reshape&) const {}

private:
    bool carries(int axis) const { return stage.carrying[static_cast<size_t>(axis)]; }
    void credit_taken() const {
        link.taken += added;
        link.all = link.all || contains(value, along(stage.field, stage.carrying, from.position));
    }
    void credit_beside() const {
        if (added > 0 && completes(value, stage.field, stage.carrying, stage.before, from.position))
            return credit_taken();
        link.misaligned += added;
    }
};

/// Credits what a step adds at the position, and moves on to the largest position that it reads.
void step_back(const Stage& stage, Position& position, Interval& value, Link& link) {
    const std::optional<Box> read = reads_of(stage, position);
    Largest from = largest(stage.field, read ? *read : whole(stage.before));
    if (from.value.empty()) // only beyond the border something is seen: the chain goes on where something is
        from = largest(stage.field, whole(stage.before));
    visit_step(stage.step, Crediting{stage, position, value, read, from, link});
    position = std::move(from.position);
    value = from.value;
}

/// Of the axes along which a path brings the input axis, those along which the other does not.
Axes alone(const Trail& trail, const Trail& other) {
    Axes result = trail.carrying;
    for (size_t k = 1; k <= std::min(trail.shape.size(), other.shape.size()); ++k) { // axes line up from the last
        if (other.carrying[other.shape.size() - k] && other.shape[other.shape.size() - k] > 1)
            result[trail.shape.size() - k] = false;
    }
    for (size_t axis = 0; axis < result.size(); ++axis)
        result[axis] = result[axis] && trail.shape[axis] > 1;
    return result;
}

bool some(const Axes& axes) {
    return std::find(axes.begin(), axes.end(), true) != axes.end();
}

/// True when two paths bring the input axis along different axes, as queries and keys do to the scores of attention:
/// every position of the one meets every position of the other. `all`: these are all positions that there are.
bool pair_up(const Trail& a, const Trail& b, const Position& position, const Shape& shape, bool& all) {
    const Axes own = alone(a, b), others = alone(b, a);
    if (!some(own) || !some(others))
        return false;
    const Position at = a.arrival(position, shape), there = b.arrival(position, shape);
    const Interval met = hull(along(a.field, own, at), along(b.field, others, there));
    all = all || contains(met, hull(along(a.field, a.carrying, at), along(b.field, b.carrying, there)));
    return true;
}

/// From a position of a tensor to the largest that it reads, of whichever path.
std::optional<Link> link_back(const std::vector<Trail>& trails, const Shape& shape, Position& position,
                              Interval value) {
    const Trail* best = nullptr;
    Interval met = kEmpty, seen = kEmpty;
    for (const Trail& trail : trails) {
        const Interval arriving = trail.field.at(trail.arrival(position, shape));
        met = hull(met, arriving);
        if (size_of(arriving) > size_of(seen)) {
            best = &trail;
            seen = arriving;
        }
    }
    if (best == nullptr)
        return std::nullopt;
    Link link;
    link.size = size_of(value);
    link.position = position;
    link.from = best->source;
    const int64_t added = size_of(met) - size_of(seen);
    bool pairs = false;
    for (const Trail& trail : trails) {
        if (!contains(seen, trail.field.at(trail.arrival(position, shape))))
            pairs = pair_up(*best, trail, position, shape, link.all) || pairs;
    }
    const Position at = best->arrival(position, shape);
    if (!pairs && added > 0 && completes(met, best->field, best->carrying, best->shape, at))
        pairs = link.all = true;
    (pairs ? link.taken : link.misaligned) = added;
    position = best->arrival(position, shape);
    for (size_t k = best->stages.size(); k-- > 0;)
        step_back(best->stages[k], position, seen, link);
    return link;
}

} // namespace

std::vector<Link> explain(const Program& program, const Hull& hull, const Carriers& carriers, int64_t source,
                          size_t axis) {
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    std::vector<Link> chain;
    if (hull.field(source, axis, false).terms.empty())
        return chain;
    Position position = largest(hull.field(source, axis, false), whole(program.shape(source))).position;
    while (source >= inputs) {
        const Tensor& tensor = program.tensors[static_cast<size_t>(source - inputs)];
        std::vector<Trail> trails;
        for (const Path& path : tensor.paths) {
            if (auto trail = follow(program, hull, carriers, path, axis))
                trails.push_back(std::move(*trail));
        }
        auto link = link_back(trails, tensor.shape, position, hull.field(source, axis, false).at(position));
        if (!link)
            break; // a widened table: no path bears out what it says
        link->source = source;
        source = link->from;
        link->jump = summarise(hull.field(source, axis, false), hull.field(source, axis, true), program.shape(source),
                               hull.axes[axis].length)
                         .stride;
        chain.push_back(std::move(*link));
    }
    if (source < inputs) {
        Link link;
        link.source = source;
        link.from = -1;
        link.size = 1;
        link.position = position;
        chain.push_back(std::move(link));
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
}

} // namespace rfonnx
