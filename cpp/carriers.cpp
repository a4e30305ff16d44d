#include "carriers.hpp"

#include "reads.hpp"
#include "reindex.hpp"

namespace rfonnx {

Axes carried(const Step& step, const Shape& before, const Axes& axes) {
    Axes result = axes;
    if (const auto* reduce = std::get_if<Reduce>(&step)) {
        for (int axis : reduce->axes)
            result[static_cast<size_t>(axis)] = false;
    } else if (const auto* band = std::get_if<Band>(&step)) {
        result[static_cast<size_t>(band->axis)] = false;
    } else if (const auto* permute = std::get_if<Permute>(&step)) {
        for (size_t axis = 0; axis < result.size(); ++axis)
            result[axis] = axes[static_cast<size_t>(permute->perm[axis])];
    } else if (const auto* reshape = std::get_if<Reshape>(&step)) {
        result.assign(reshape->shape.size(), false);
        for (const Group& group : groups_of(before, reshape->shape)) {
            bool carries = false;
            for (size_t axis = group.from_begin; axis < group.from_end; ++axis) {
                const bool counts = group.from_end - group.from_begin == 1 || before[axis] != 1;
                carries = carries || (axes[axis] && counts);
            }
            for (size_t axis = group.to_begin; axis < group.to_end; ++axis) {
                const bool kept = group.to_end - group.to_begin == 1 || reshape->shape[axis] != 1;
                result[axis] = carries && kept;
            }
        }
    }
    return result;
}

bool takes_whole(const Step& step, const Shape& before, const Axes& axes) {
    const auto whole = [&](int axis) {
        return axes[static_cast<size_t>(axis)] && before[static_cast<size_t>(axis)] > 1;
    };
    if (const auto* reduce = std::get_if<Reduce>(&step))
        return std::any_of(reduce->axes.begin(), reduce->axes.end(), whole);
    if (const auto* band = std::get_if<Band>(&step))
        return whole(band->axis);
    if (const auto* select = std::get_if<Select>(&step)) {
        // Recurrences and cumulative sums: some position reads the whole axis.
        const int64_t last = before[static_cast<size_t>(select->axis)] - 1;
        if (!whole(select->axis) || select->step != 1)
            return false;
        for (size_t o = 0; o < select->first.size(); ++o) {
            if (select->first[o] == 0 && select->last[o] == last)
                return true;
        }
    }
    return false;
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
        for (size_t column = 0; column < input_axes.size(); ++column) {
            Axes joined(tensor.shape.size(), false);
            bool global = false;
            for (const Path& path : tensor.paths) {
                Axes axes = result.axes[static_cast<size_t>(path.source) * input_axes.size() + column];
                if (path.steps.empty() && axes.size() == joined.size()) {
                    for (size_t axis = 0; axis < axes.size(); ++axis)
                        joined[axis] = joined[axis] || axes[axis];
                    continue;
                }
                if (std::find(axes.begin(), axes.end(), true) == axes.end())
                    continue;
                Shape shape = program.shape(path.source);
                Axes before_last = axes;
                Shape shape_before_last = shape;
                for (const Step& step : path.steps) {
                    global = global || takes_whole(step, shape, axes);
                    before_last = axes;
                    shape_before_last = shape;
                    axes = carried(step, shape, axes);
                    shape = shape_after(step, shape);
                }
                // A norm or a softmax takes all of an axis and is spread over it again: its rows are rows still.
                const bool spreads_again = !path.steps.empty() && shape.size() == shape_before_last.size() &&
                                           std::holds_alternative<Reduce>(path.steps.back());
                const size_t skipped = joined.size() - axes.size();
                for (size_t axis = 0; axis < axes.size(); ++axis) {
                    const int64_t length = tensor.shape[axis + skipped];
                    const bool kept = axes[axis] && shape[axis] == length;
                    const bool again = spreads_again && before_last[axis] && shape_before_last[axis] == length;
                    joined[axis + skipped] = joined[axis + skipped] || kept || again;
                }
            }
            if (global)
                result.global.push_back({static_cast<int64_t>(index), column});
            result.axes.push_back(std::move(joined));
        }
    }
    return result;
}

} // namespace rfonnx
