#include "hull.hpp"

#include "apply.hpp"
#include "cells.hpp"
#include "merge.hpp"
#include "reindex.hpp"

namespace rfonnx {
namespace {

/// A path, ready to be applied in one mode.
struct AppliedPath {
    int64_t source;
    const Shape& begins;
    std::vector<AppliedStep> steps;
    Shape arrives;
    bool reads_nothing;
};

AppliedPath apply(const Program& program, const Path& path, Mode mode) {
    const Shape& begins = program.shape(path.source);
    AppliedPath result{path.source, begins, {}, begins, false};
    result.steps.reserve(path.steps.size());
    result.reads_nothing = without_elements(result.arrives);
    for (const Step& step : path.steps) {
        if (result.reads_nothing)
            break;
        result.steps.push_back(applied(step, result.arrives, mode));
        change(result.arrives, step);
        result.reads_nothing = without_elements(result.arrives);
    }
    return result;
}

/// False when no position sees anything.
bool sees(const Term& term) {
    const auto seen = [](const auto& cell) { return !range_of(cell).empty(); };
    return with_cells(term, [&](const auto& cells) { return std::any_of(cells.begin(), cells.end(), seen); });
}

FieldPtr joined(const std::vector<AppliedPath>& paths, const Shape& shape, const std::vector<FieldPtr>& fields,
                size_t axes, size_t axis) {
    const auto field_of = [&](const AppliedPath& path) -> const FieldPtr& {
        return fields[static_cast<size_t>(path.source) * axes + axis];
    };
    auto result = std::make_shared<Field>();
    for (const AppliedPath& path : paths) {
        if (path.reads_nothing || without_elements(shape))
            continue;
        const FieldPtr& from = field_of(path);
        result->widened |= from->widened;
        for (TermPtr term : from->terms) {
            for (size_t k = 0; k < path.steps.size() && term; ++k)
                term = path.steps[k](term, result->widened);
            if (term && sees(*term))
                result->terms.push_back(broadcast(term, path.arrives, shape));
        }
    }
    normalise(*result);
    // What arrives as it was is the same field: of a convolution along the batch, of a join with what sees less. What
    // is known of a field by its identity is then not worked out again.
    for (const AppliedPath& path : paths) {
        const FieldPtr& from = field_of(path);
        if (path.begins == shape && from->terms == result->terms && from->widened == result->widened)
            return from;
    }
    return result;
}

std::vector<InputAxis> axes_of(const std::vector<Input>& inputs) {
    std::vector<InputAxis> result;
    for (size_t input = 0; input < inputs.size(); ++input) {
        for (size_t axis = 0; axis < inputs[input].shape.size(); ++axis)
            result.push_back({static_cast<int64_t>(input), static_cast<int>(axis), inputs[input].shape[axis]});
    }
    return result;
}

FieldPtr own_field(const InputAxis& axis, Mode mode) {
    if (axis.length > kLargestTable && !mode.long_axis(axis.length))
        throw std::length_error("an input axis is longer than a table may be");
    auto field = std::make_shared<Field>();
    field->terms.push_back(identity_term(axis.axis, axis.length, mode));
    return field;
}

/// An input sees itself along its own axes, and nothing along those of the others.
void add_inputs(const std::vector<Input>& inputs, Hull& hull) {
    const auto nothing = std::make_shared<const Field>();
    for (size_t input = 0; input < inputs.size(); ++input) {
        for (const InputAxis& axis : hull.axes) {
            const bool own = axis.input == static_cast<int64_t>(input) && !without_elements(inputs[input].shape);
            hull.unbounded.push_back(own ? own_field(axis, {true, hull.runs_from}) : nothing);
            hull.clipped.push_back(own ? own_field(axis, {false, hull.runs_from}) : nothing);
        }
    }
}

void add_fields(const Program& program, const Tensor& tensor, size_t axes, Mode mode, std::vector<FieldPtr>& fields) {
    if (passes_on(program, tensor)) {
        const size_t first = static_cast<size_t>(tensor.paths[0].source) * axes;
        for (size_t axis = 0; axis < axes; ++axis)
            fields.push_back(FieldPtr(fields[first + axis]));
        return;
    }
    std::vector<AppliedPath> paths;
    paths.reserve(tensor.paths.size());
    for (const Path& path : tensor.paths)
        paths.push_back(apply(program, path, mode));
    for (size_t axis = 0; axis < axes; ++axis)
        fields.push_back(joined(paths, tensor.shape, fields, axes, axis));
}

/// True when the tensor's paths are exact, and so is all that they start from.
bool exact_so_far(const Program& program, const Tensor& tensor, const std::vector<bool>& exact) {
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    return tensor.exact && std::all_of(tensor.paths.begin(), tensor.paths.end(), [&](const Path& path) {
               return path.source < inputs || exact[static_cast<size_t>(path.source - inputs)];
           });
}

} // namespace

Hull propagate(const Program& program, int64_t runs_from) {
    Hull result;
    result.runs_from = runs_from;
    result.axes = axes_of(program.inputs);
    for (std::vector<FieldPtr>* fields : {&result.unbounded, &result.clipped})
        fields->reserve(static_cast<size_t>(program.sources()) * result.axes.size());
    add_inputs(program.inputs, result);
    const auto axes = static_cast<std::ptrdiff_t>(result.axes.size());
    for (const Tensor& tensor : program.tensors) {
        add_fields(program, tensor, result.axes.size(), {true, runs_from}, result.unbounded);
        add_fields(program, tensor, result.axes.size(), {false, runs_from}, result.clipped);
        const auto outgrew = [axes](const std::vector<FieldPtr>& fields) {
            return std::any_of(fields.end() - axes, fields.end(), [](const FieldPtr& field) { return field->widened; });
        };
        const bool widened = outgrew(result.clipped) || outgrew(result.unbounded);
        result.exact.push_back(exact_so_far(program, tensor, result.exact) && !widened);
        result.widened.push_back(widened);
    }
    return result;
}

} // namespace rfonnx
