#include "carriers.hpp"

#include <functional>

#include "overlay.hpp"
#include "reads.hpp"
#include "reindex.hpp"

namespace rfonnx {
namespace {

struct Carrying {
    const Shape& before;
    const Axes& axes;

    /// A window moves along its axis: what came along it still does.
    Axes operator()(const AxisReads&) const { return axes; }
    Axes operator()(const Reduce& step) const {
        Axes result = axes;
        for (int axis : step.axes)
            result[static_cast<size_t>(axis)] = false;
        return result;
    }
    Axes operator()(const Band& step) const {
        Axes result = axes;
        result[static_cast<size_t>(step.axis)] = false;
        return result;
    }
    Axes operator()(const Permute& step) const {
        Axes result;
        for (int axis : step.perm)
            result.push_back(axes[static_cast<size_t>(axis)]);
        return result;
    }
    /// Old axes and new ones that hold the same elements carry on together. In a group of several an axis of length 1
    /// says nothing: (8, 1) -> (8) is about the axis of 8, whichever of the two carried.
    Axes operator()(const Reshape& step) const {
        Axes result(step.shape.size(), false);
        for (const Group& group : groups_of(before, step.shape)) {
            bool carries = false;
            for (size_t axis = group.from_begin; axis < group.from_end; ++axis) {
                const bool counts = group.from_end - group.from_begin == 1 || before[axis] != 1;
                carries = carries || (axes[axis] && counts);
            }
            for (size_t axis = group.to_begin; axis < group.to_end; ++axis) {
                const bool counts = group.to_end - group.to_begin == 1 || step.shape[axis] != 1;
                result[axis] = carries && counts;
            }
        }
        return result;
    }
};

/// The turn of a residue, of so many, at which its line has a value; -1: at none, -2: at each.
int64_t turn_of(int64_t value, int64_t first, int64_t step, int64_t turns) {
    if (step == 0)
        return first == value ? -2 : -1;
    const int64_t way = subtract(value, first), turn = way / step;
    return way % step == 0 && turn >= 0 && turn < turns ? turn : -1;
}

/// True when there is a position at which f is `a` and g is `b`.
bool some_position(const Bound& f, const Bound& g, int64_t a, int64_t b) {
    return !overlaid(f, g, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t period = common_period(x, y, end - begin);
        for (int64_t o = begin; o < begin + period; ++o) {
            const int64_t turns = (end - o - 1) / period + 1;
            const auto turn = [&](const Run& run, int64_t value) {
                const int64_t next = turns > 1 ? run.at(o + period) : run.at(o);
                return turn_of(value, run.at(o), subtract(next, run.at(o)), turns);
            };
            const int64_t of_f = turn(x, a), of_g = turn(y, b);
            if (of_f != -1 && of_g != -1 && (of_f == of_g || of_f == -2 || of_g == -2))
                return false;
        }
        return true;
    });
}

struct TakingWhole {
    const Shape& before;
    const Axes& axes;

    bool operator()(const Window&) const { return false; }
    bool operator()(const Spread&) const { return false; }
    /// Recurrences and cumulative sums: some position reads the whole axis.
    bool operator()(const Select& step) const {
        if (!is_whole(step.axis) || step.step != 1)
            return false;
        const int64_t last = before[static_cast<size_t>(step.axis)] - 1;
        if (!step.first.is_table())
            return some_position(step.first.runs(), step.last.runs(), 0, last);
        for (int64_t o = 0; o < step.first.size(); ++o) {
            if (step.first[o] == 0 && step.last[o] == last)
                return true;
        }
        return false;
    }
    bool operator()(const Reduce& step) const {
        return std::any_of(step.axes.begin(), step.axes.end(), [&](int axis) { return is_whole(axis); });
    }
    bool operator()(const Band& step) const { return is_whole(step.axis); }
    bool operator()(const Permute&) const { return false; }
    bool operator()(const Reshape&) const { return false; }

private:
    bool is_whole(int axis) const { return axes[static_cast<size_t>(axis)] && before[static_cast<size_t>(axis)] > 1; }
};

/// The axes of one tensor that carry one input axis, gathered path by path.
struct Joined {
    const Tensor& tensor;
    Axes axes = Axes(tensor.shape.size(), false);
    bool global = false; // some path takes a whole carrying axis on its way

    /// `shapes`: along the path; `now`: the axes of its source that carry.
    void add(const Path& path, const std::vector<Shape>& shapes, Axes now) {
        if (path.steps.empty() && now.size() == axes.size()) {
            // Element by element: the operand's axes as they are, also one of length 1 that is repeated.
            std::transform(now.begin(), now.end(), axes.begin(), axes.begin(), std::logical_or<bool>());
            return;
        }
        if (std::find(now.begin(), now.end(), true) == now.end())
            return;
        Axes before = now;
        for (size_t k = 0; k < path.steps.size(); ++k) {
            global = global || takes_whole(path.steps[k], shapes[k], now);
            before = std::move(now);
            now = carried(path.steps[k], shapes[k], before);
        }
        // Along an axis that broadcasting repeats nothing is carried.
        mark(now, shapes.back());
        // But a norm or a softmax takes all of an axis in its last step and is spread over that axis again, since the
        // tensor has it at its old length: its rows are rows still.
        if (!path.steps.empty() && std::holds_alternative<Reduce>(path.steps.back()))
            mark(before, shapes[path.steps.size() - 1]);
    }

private:
    /// Axes line up from the last, as in numpy.
    void mark(const Axes& carrying, const Shape& shape) {
        const size_t skipped = axes.size() - carrying.size();
        for (size_t axis = 0; axis < carrying.size(); ++axis) {
            if (carrying[axis] && shape[axis] == tensor.shape[axis + skipped])
                axes[axis + skipped] = true;
        }
    }
};

} // namespace

Axes carried(const Step& step, const Shape& before, const Axes& axes) {
    return visit_step(step, Carrying{before, axes});
}

bool takes_whole(const Step& step, const Shape& before, const Axes& axes) {
    return std::visit(TakingWhole{before, axes}, step);
}

Carriers follow_carriers(const Program& program, const std::vector<InputAxis>& input_axes) {
    Carriers result;
    for (size_t input = 0; input < program.inputs.size(); ++input) {
        for (const InputAxis& axis : input_axes) {
            Axes axes(program.inputs[input].shape.size(), false);
            if (axis.input == static_cast<int64_t>(input))
                axes[static_cast<size_t>(axis.axis)] = true;
            result.axes.push_back(std::move(axes));
        }
    }
    for (size_t index = 0; index < program.tensors.size(); ++index) {
        const Tensor& tensor = program.tensors[index];
        std::vector<std::vector<Shape>> shapes;
        for (const Path& path : tensor.paths)
            shapes.push_back(shapes_along(program, path));
        for (size_t column = 0; column < input_axes.size(); ++column) {
            Joined joined{tensor};
            for (size_t k = 0; k < tensor.paths.size(); ++k) {
                const Path& path = tensor.paths[k];
                joined.add(path, shapes[k], result.axes[static_cast<size_t>(path.source) * input_axes.size() + column]);
            }
            if (joined.global)
                result.global.push_back({static_cast<int64_t>(index), column});
            result.axes.push_back(std::move(joined.axes));
        }
    }
    return result;
}

} // namespace rfonnx
