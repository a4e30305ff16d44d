#include "hull.hpp"

#include "apply.hpp"
#include "merge.hpp"
#include "reindex.hpp"

namespace rfonnx {
namespace {

bool without_elements(const Shape& shape) {
    return std::find(shape.begin(), shape.end(), 0) != shape.end();
}

/// A path, ready to be applied in one mode.
struct AppliedPath {
    int64_t source;
    std::vector<Applied> steps;
    Shape arrives;
    bool reads_nothing;
};

AppliedPath apply(const Program& program, const Path& path, bool unbounded) {
    AppliedPath result{path.source, {}, program.shape(path.source), false};
    result.reads_nothing = without_elements(result.arrives);
    for (const Step& step : path.steps) {
        if (result.reads_nothing)
            break;
        result.steps.emplace_back(step, result.arrives, unbounded);
        result.arrives = shape_after(step, result.arrives);
        result.reads_nothing = without_elements(result.arrives);
    }
    return result;
}

FieldPtr joined(const std::vector<AppliedPath>& paths, const Shape& shape, const std::vector<FieldPtr>& fields,
                size_t axes, size_t axis) {
    const auto field_of = [&](const AppliedPath& path) {
        return fields[static_cast<size_t>(path.source) * axes + axis];
    };
    // Elementwise operators pass their operand's field on as it is.
    if (paths.size() == 1 && paths[0].steps.empty() && paths[0].arrives == shape)
        return field_of(paths[0]);
    auto result = std::make_shared<Field>();
    for (const AppliedPath& path : paths) {
        if (path.reads_nothing || without_elements(shape))
            continue;
        const FieldPtr from = field_of(path);
        result->widened |= from->widened;
        for (TermPtr term : from->terms) {
            for (size_t k = 0; k < path.steps.size() && term; ++k)
                term = path.steps[k](term, result->widened);
            if (term)
                result->terms.push_back(broadcast(term, path.arrives, shape));
        }
    }
    normalise(*result);
    return result;
}

} // namespace

Hull propagate(const Program& program) {
    Hull result;
    for (size_t input = 0; input < program.inputs.size(); ++input) {
        const Shape& shape = program.inputs[input].shape;
        for (size_t axis = 0; axis < shape.size(); ++axis) {
            result.axes.push_back({static_cast<int64_t>(input), static_cast<int>(axis), shape[axis]});
        }
    }
    const size_t axes = result.axes.size();
    const auto nothing = std::make_shared<const Field>();
    for (size_t input = 0; input < program.inputs.size(); ++input) {
        for (const InputAxis& axis : result.axes) {
            const bool own =
                axis.input == static_cast<int64_t>(input) && !without_elements(program.inputs[input].shape);
            for (const bool unbounded : {true, false}) {
                auto& fields = unbounded ? result.unbounded : result.clipped;
                if (!own) {
                    fields.push_back(nothing);
                    continue;
                }
                if (axis.length > kLargestTable)
                    throw std::length_error("an input axis is longer than a table may be");
                auto field = std::make_shared<Field>();
                field->terms.push_back(identity_term(axis.axis, axis.length, unbounded));
                fields.push_back(field);
            }
        }
    }
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    for (const Tensor& tensor : program.tensors) {
        bool exact = tensor.exact, widened = false;
        for (const Path& path : tensor.paths) {
            if (path.source < inputs)
                continue;
            exact = exact && result.exact[static_cast<size_t>(path.source - inputs)];
        }
        for (const bool unbounded : {true, false}) {
            std::vector<AppliedPath> paths;
            for (const Path& path : tensor.paths)
                paths.push_back(apply(program, path, unbounded));
            auto& fields = unbounded ? result.unbounded : result.clipped;
            for (size_t axis = 0; axis < axes; ++axis) {
                fields.push_back(joined(paths, tensor.shape, fields, axes, axis));
                widened = widened || (!unbounded && fields.back()->widened);
            }
        }
        result.exact.push_back(exact && !widened);
        result.widened.push_back(widened);
    }
    return result;
}

} // namespace rfonnx
