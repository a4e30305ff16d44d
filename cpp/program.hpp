/// The access program: which positions of which tensor each output position reads.
/// rfonnx/operators/access/primitives.py states the same contract for the side that writes programs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "places.hpp"

namespace rfonnx {

using Shape = std::vector<int64_t>;

/// Output `o` reads `o*stride - pad + t*dilation`, `0 <= t < kernel`. k3 s2 d1 p1: o=1 reads 1..3.
struct Window {
    int axis;
    int64_t length, kernel, stride, dilation, pad;
};

/// Output `o` reads every `i` with `o = i*stride - pad + t*dilation`, `0 <= t < kernel`. k4 s2 p1: o=1 reads 0..1.
struct Spread {
    int axis;
    int64_t length, kernel, stride, dilation, pad;
};

/// Output `o` reads `first[o], first[o]+step .. last[o]`. `free_*` is the same without borders; `free[o+period] ==
/// free[o]+shift`, or period 0 when the reads do not go on beyond the table. First and last are both tables, or both
/// runs.
struct Select {
    int axis;
    Places first, last;
    int64_t step, period, shift;
    Places free_first, free_last; // empty: the same as first, last
};

/// The output, of length 1 along `axes`, reads everything along them.
struct Reduce {
    std::vector<int> axes;
};

/// The output, of length 1 along `axis`, at position m of axis `by`, reads `first[m] .. last[m]` along `axis`.
struct Band {
    int axis, by;
    std::vector<int64_t> first, last;
};

/// Output axis `i` is the input's axis `perm[i]`.
struct Permute {
    std::vector<int> perm;
};

/// The same elements, row-major, under another shape.
struct Reshape {
    Shape shape;
};

using Step = std::variant<Window, Spread, Select, Reduce, Band, Permute, Reshape>;

/// One way from a tensor to an output. `source` counts the program's inputs first, then its tensors.
struct Path {
    int64_t source;
    std::vector<Step> steps;
};

struct Tensor {
    std::string name;
    Shape shape;
    std::vector<Path> paths;
    bool exact = true;
};

struct Input {
    std::string name;
    Shape shape;
};

struct Program {
    std::vector<Input> inputs;
    std::vector<Tensor> tensors;

    int64_t sources() const { return static_cast<int64_t>(inputs.size() + tensors.size()); }
    const Shape& shape(int64_t source) const {
        const auto count = static_cast<int64_t>(inputs.size());
        return source < count ? inputs[static_cast<size_t>(source)].shape
                              : tensors[static_cast<size_t>(source - count)].shape;
    }
};

/// True when some axis has length 0.
bool without_elements(const Shape& shape);

/// Makes a shape that after one step. Throws std::invalid_argument when the step does not fit the shape it is applied
/// to: an axis out of range, a length below 0, a stride of 0, tables of different lengths, another number of elements.
void change(Shape& shape, const Step& step);

/// The shape after one step.
Shape shape_after(const Step& step, const Shape& shape);

/// The shapes along a path of a valid program: before each step, and behind the last one.
std::vector<Shape> shapes_along(const Program& program, const Path& path);

/// True where a tensor reads what its one operand does, position by position, as behind most elementwise operators.
bool passes_on(const Program& program, const Tensor& tensor);

/// Checks every path of the program: sources come before their readers, every step fits, and what arrives broadcasts to
/// the tensor's shape. Throws std::invalid_argument that names the tensor.
void validate(const Program& program);

/// Throw std::out_of_range where there is no such source, or no such position of it.
void require_source(const Program& program, int64_t source);
void require_position(const Program& program, int64_t source, const std::vector<int64_t>& position);

} // namespace rfonnx
