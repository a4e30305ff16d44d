#include "carriers.hpp"

#include <functional>

#include "overlay.hpp"
#include "reindex.hpp"

namespace rfonnx {
namespace {

/// Moves axes that carry along through a step.
struct Carrying {
    const Shape& before;
    Axes& axes;

    /// A window moves along its axis: what came along it still does.
    void operator()(const Window&) const {}
    void operator()(const Spread&) const {}
    void operator()(const Select&) const {}
    void operator()(const Reduce& step) const {
        for (int axis : step.axes)
            axes[static_cast<size_t>(axis)] = false;
    }
    void operator()(const Band& step) const { axes[static_cast<size_t>(step.axis)] = false; }
    void operator()(const Permute& step) const {
        Axes result;
        for (int axis : step.perm)
            result.push_back(axes[static_cast<size_t>(axis)]);
        axes = std::move(result);
    }
    /// Old axes and new ones that hold the same elements carry on together. In a group of several an axis of length 1
    /// says nothing: (8, 1) -> (8) is about the axis of 8, whichever of the two carried.
    void operator()(const Reshape& step) const {
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
        axes = std::move(result);
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

/// The axes of one tensor that carry each input axis, gathered path by path.
struct Joined {
    const Program& program;
    const Tensor& tensor;
    std::vector<Axes> axes;   // by input axis
    std::vector<bool> global; // by input axis: some path takes a whole carrying axis on its way

    Joined(const Program& of, const Tensor& made, size_t columns)
        : program(of), tensor(made), axes(columns, Axes(made.shape.size(), false)), global(columns, false) {}

    /// `from`: by input axis the axes of the path's source that carry.
    void add(const Path& path, const AxesPtr* from) {
        Shape shape = program.shape(path.source);
        if (path.steps.empty() && shape.size() == tensor.shape.size()) {
            // Element by element: the operand's axes as they are, also one of length 1 that is repeated.
            for (size_t column = 0; column < axes.size(); ++column) {
                Axes& own = axes[column];
                std::transform(own.begin(), own.end(), from[column]->begin(), own.begin(), std::logical_or<bool>());
            }
            return;
        }
        std::vector<Axes> now;
        now.reserve(axes.size());
        for (size_t column = 0; column < axes.size(); ++column)
            now.push_back(*from[column]);
        for (const Step& step : path.steps) {
            // A norm or a softmax takes all of an axis in its last step and is spread over that axis again, since the
            // tensor has it at its old length: its rows are rows still.
            if (&step == &path.steps.back() && std::holds_alternative<Reduce>(step))
                mark(now, shape);
            for (size_t column = 0; column < axes.size(); ++column) {
                global[column] = global[column] || takes_whole(step, shape, now[column]);
                carry(step, shape, now[column]);
            }
            change(shape, step);
        }
        // Along an axis that broadcasting repeats nothing is carried.
        mark(now, shape);
    }

private:
    /// Axes line up from the last, as in numpy.
    void mark(const std::vector<Axes>& carrying, const Shape& shape) {
        const size_t skipped = tensor.shape.size() - shape.size();
        for (size_t axis = 0; axis < shape.size(); ++axis) {
            if (shape[axis] != tensor.shape[axis + skipped])
                continue;
            for (size_t column = 0; column < axes.size(); ++column) {
                if (carrying[column][axis])
                    axes[column][axis + skipped] = true;
            }
        }
    }
};

} // namespace

void carry(const Step& step, const Shape& before, Axes& axes) {
    std::visit(Carrying{before, axes}, step);
}

bool takes_whole(const Step& step, const Shape& before, const Axes& axes) {
    return std::visit(TakingWhole{before, axes}, step);
}

Carriers follow_carriers(const Program& program, const std::vector<InputAxis>& input_axes) {
    Carriers result;
    const size_t columns = input_axes.size();
    result.axes.reserve(static_cast<size_t>(program.sources()) * columns);
    for (size_t input = 0; input < program.inputs.size(); ++input) {
        for (const InputAxis& axis : input_axes) {
            Axes axes(program.inputs[input].shape.size(), false);
            if (axis.input == static_cast<int64_t>(input))
                axes[static_cast<size_t>(axis.axis)] = true;
            result.axes.push_back(std::make_shared<const Axes>(std::move(axes)));
        }
    }
    for (size_t index = 0; index < program.tensors.size(); ++index) {
        const Tensor& tensor = program.tensors[index];
        const auto axes_of = [&](const Path& path) {
            return result.axes.data() + static_cast<size_t>(path.source) * columns;
        };
        if (passes_on(program, tensor)) {
            const AxesPtr* axes = axes_of(tensor.paths[0]);
            for (size_t column = 0; column < columns; ++column)
                result.axes.push_back(AxesPtr(axes[column]));
            continue;
        }
        Joined joined(program, tensor, columns);
        for (const Path& path : tensor.paths)
            joined.add(path, axes_of(path));
        for (size_t column = 0; column < columns; ++column) {
            if (joined.global[column])
                result.global.push_back({static_cast<int64_t>(index), column});
            const AxesPtr before = tensor.paths.empty() ? nullptr : axes_of(tensor.paths[0])[column];
            result.axes.push_back(before && *before == joined.axes[column]
                                      ? before
                                      : std::make_shared<const Axes>(std::move(joined.axes[column])));
        }
    }
    return result;
}

} // namespace rfonnx
