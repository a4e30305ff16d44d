#include "program.hpp"

#include <stdexcept>

#include "interval.hpp"

namespace rfonnx {
namespace {

/// No axis, kernel or pad of a real model is longer; products of two of them still fit 64 bits with room.
constexpr int64_t kLongest = int64_t{1} << 40;

void require(bool condition, const char* what) {
    if (!condition)
        throw std::invalid_argument(what);
}

void require_axis(int axis, const Shape& shape) {
    require(axis >= 0 && static_cast<size_t>(axis) < shape.size(),
            "a step names an axis that the tensor does not have");
}

template <typename Sliding>
void change_sliding(const Sliding& step, Shape& shape, bool reversible) {
    require_axis(step.axis, shape);
    require(step.length >= 0 && step.length <= kLongest, "a step's length is out of range");
    require(step.kernel >= 1 && step.kernel <= kLongest, "a kernel must be at least 1 long");
    require(step.dilation >= 1 && step.dilation <= kLongest, "a dilation must be at least 1");
    require(step.stride != 0 && step.stride >= -kLongest && step.stride <= kLongest, "a stride is out of range");
    require(reversible || step.stride > 0, "a spread's stride must be at least 1");
    require(step.pad >= -kLongest && step.pad <= kLongest, "a pad is out of range");
    multiply(step.length, step.stride);
    multiply(step.kernel, step.dilation);
    shape[static_cast<size_t>(step.axis)] = step.length;
}

void change_by(const Window& step, Shape& shape) {
    change_sliding(step, shape, true);
}
void change_by(const Spread& step, Shape& shape) {
    change_sliding(step, shape, false);
}

void change_by(const Select& step, Shape& shape) {
    require_axis(step.axis, shape);
    require(step.first.size() == step.last.size(), "a select's tables differ in length");
    require(step.free_first.size() == step.free_last.size(), "a select's borderless tables differ in length");
    require(step.free_first.size() == 0 || step.free_first.size() == step.first.size(),
            "a select's borderless tables differ in length from the clipped ones");
    require(step.first.is_table() == step.last.is_table() && step.free_first.is_table() == step.free_last.is_table(),
            "of a select's first and last positions some are runs, and the others a table");
    require(step.first.size() <= kLongest, "a step's length is out of range");
    require(step.step >= 1 && step.period >= 0, "a select's step must be at least 1 and its period at least 0");
    shape[static_cast<size_t>(step.axis)] = step.first.size();
}

void change_by(const Reduce& step, Shape& shape) {
    for (int axis : step.axes) {
        require_axis(axis, shape);
        shape[static_cast<size_t>(axis)] = 1;
    }
}

void change_by(const Band& step, Shape& shape) {
    require_axis(step.axis, shape);
    require_axis(step.by, shape);
    require(step.axis != step.by, "a band's two axes must differ");
    require(step.first.size() == step.last.size() &&
                static_cast<int64_t>(step.first.size()) == shape[static_cast<size_t>(step.by)],
            "a band needs one range per position of its axis `by`");
    shape[static_cast<size_t>(step.axis)] = 1;
}

void change_by(const Permute& step, Shape& shape) {
    require(step.perm.size() == shape.size(), "a permutation's length must be the tensor's rank");
    std::vector<bool> seen(shape.size(), false);
    Shape result;
    for (int axis : step.perm) {
        require_axis(axis, shape);
        require(!seen[static_cast<size_t>(axis)], "a permutation names an axis twice");
        seen[static_cast<size_t>(axis)] = true;
        result.push_back(shape[static_cast<size_t>(axis)]);
    }
    shape = std::move(result);
}

int64_t elements(const Shape& shape) {
    int64_t count = 1;
    for (int64_t length : shape) {
        require(length >= 0, "a length is negative");
        count = multiply(count, length);
    }
    return count;
}

void change_by(const Reshape& step, Shape& shape) {
    require(elements(step.shape) == elements(shape), "a reshape changes the number of elements");
    shape = step.shape;
}

} // namespace

bool without_elements(const Shape& shape) {
    return std::find(shape.begin(), shape.end(), 0) != shape.end();
}

void change(Shape& shape, const Step& step) {
    std::visit([&](const auto& s) { change_by(s, shape); }, step);
}

Shape shape_after(const Step& step, const Shape& shape) {
    Shape result = shape;
    change(result, step);
    return result;
}

std::vector<Shape> shapes_along(const Program& program, const Path& path) {
    std::vector<Shape> shapes{program.shape(path.source)};
    shapes.reserve(path.steps.size() + 1);
    for (const Step& step : path.steps)
        shapes.push_back(shape_after(step, shapes.back()));
    return shapes;
}

bool passes_on(const Program& program, const Tensor& tensor) {
    return tensor.paths.size() == 1 && tensor.paths[0].steps.empty() &&
           program.shape(tensor.paths[0].source) == tensor.shape;
}

void validate(const Program& program) {
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    for (const Input& input : program.inputs)
        elements(input.shape);
    for (size_t index = 0; index < program.tensors.size(); ++index) {
        const Tensor& tensor = program.tensors[index];
        try {
            elements(tensor.shape);
            for (const Path& path : tensor.paths) {
                require(path.source >= 0 && path.source < inputs + static_cast<int64_t>(index),
                        "a path starts at a tensor that is not made yet");
                Shape shape = program.shape(path.source);
                for (const Step& step : path.steps)
                    change(shape, step);
                require(shape.size() <= tensor.shape.size(), "a path arrives with more axes than the tensor has");
                const size_t skipped = tensor.shape.size() - shape.size();
                for (size_t axis = 0; axis < shape.size(); ++axis) {
                    require(shape[axis] == 1 || shape[axis] == tensor.shape[axis + skipped],
                            "what a path arrives with does not broadcast to the tensor");
                }
            }
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument("tensor '" + tensor.name + "': " + error.what());
        } catch (const std::overflow_error& error) {
            throw std::overflow_error("tensor '" + tensor.name + "': " + error.what());
        }
    }
}

void require_source(const Program& program, int64_t source) {
    if (source < 0 || source >= program.sources())
        throw std::out_of_range("no such source");
}

void require_position(const Program& program, int64_t source, const std::vector<int64_t>& position) {
    require_source(program, source);
    const Shape& shape = program.shape(source);
    if (position.size() != shape.size())
        throw std::out_of_range("a position needs one index per axis");
    for (size_t k = 0; k < shape.size(); ++k) {
        if (position[k] < 0 || position[k] >= shape[k])
            throw std::out_of_range("a position lies outside the tensor");
    }
}

} // namespace rfonnx
