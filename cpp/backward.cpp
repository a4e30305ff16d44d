#include "backward.hpp"

namespace rfonnx {
namespace {

/// Patches of one tensor that are kept apart; beyond it they are laid out together.
constexpr size_t kMostPatches = 16;
/// Positions that may be laid out for nothing when two patches are put together.
constexpr int64_t kMayBeEmpty = 4096;

/// A position, alone.
template <typename Value>
Patch<Value> seed(const Shape& shape, const std::vector<int64_t>& position) {
    Patch<Value> patch{{}, {Value{1}}};
    for (size_t axis = 0; axis < shape.size(); ++axis)
        patch.sides.push_back(shape[axis] == 1 ? kAlike : Side{position[axis], 1, false});
    return patch;
}

/// The box that holds two.
std::vector<Side> around(const std::vector<Side>& a, const std::vector<Side>& b, const Shape& shape) {
    std::vector<Side> result;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        if (a[axis] == b[axis]) {
            result.push_back(a[axis]);
        } else if (a[axis].alike || b[axis].alike) {
            result.push_back({0, shape[axis], false});
        } else {
            const int64_t first = std::min(a[axis].first, b[axis].first);
            const int64_t end = std::max(a[axis].first + a[axis].count, b[axis].first + b[axis].count);
            result.push_back({first, end - first, false});
        }
    }
    return result;
}

template <typename Value>
void join(Patch<Value>& sum, Patch<Value> patch, const std::vector<Side>& sides) {
    for (size_t axis = 0; axis < sides.size(); ++axis) {
        widen(sum, axis, sides[axis]);
        widen(patch, axis, sides[axis]);
    }
    for (size_t i = 0; i < sum.values.size(); ++i)
        accumulate(sum.values[i], patch.values[i]);
}

/// Puts a patch to those near to it.
template <typename Value>
void add_to(Patches<Value>& patches, const Shape& shape, Patch<Value> patch) {
    for (Patch<Value>& other : patches) {
        const std::vector<Side> sides = around(other.sides, patch.sides, shape);
        if (volume(sides) <= 2 * (volume(other.sides) + volume(patch.sides)) + kMayBeEmpty)
            return join(other, std::move(patch), sides);
    }
    patches.push_back(std::move(patch));
    if (patches.size() <= kMostPatches)
        return;
    for (size_t k = 1; k < patches.size(); ++k) {
        const std::vector<Side> sides = around(patches[0].sides, patches[k].sides, shape);
        join(patches[0], std::move(patches[k]), sides);
    }
    patches.resize(1);
}

template <typename Value>
Patches<Value> through_path(const Program& program, const Path& path, const Shape& shape, const Patch<Value>& patch) {
    std::vector<Shape> before{program.shape(path.source)};
    for (const Step& step : path.steps)
        before.push_back(shape_after(step, before.back()));
    Patches<Value> current{unbroadcast(before.back(), shape, patch)};
    for (size_t k = path.steps.size(); k-- > 0;) {
        Patches<Value> read;
        for (Patch<Value>& one : current) {
            for (Patch<Value>& found : read_back(path.steps[k], before[k], std::move(one)))
                add_to(read, before[k], std::move(found));
        }
        current = std::move(read);
    }
    return current;
}

template <typename Value>
std::map<int64_t, Patches<Value>> run_backward(const Program& program, int64_t source,
                                               const std::vector<int64_t>& position) {
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    std::map<int64_t, Patches<Value>> found{{source, {seed<Value>(program.shape(source), position)}}};
    while (!found.empty() && found.rbegin()->first >= inputs) {
        const int64_t current = found.rbegin()->first;
        const Patches<Value> patches = std::move(found.rbegin()->second);
        found.erase(current);
        const Tensor& tensor = program.tensors[index(current - inputs)];
        for (const Path& path : tensor.paths) {
            const Shape& from = program.shape(path.source);
            if (without_elements(from))
                continue;
            for (const Patch<Value>& patch : patches) {
                for (Patch<Value>& read : through_path(program, path, tensor.shape, patch))
                    add_to(found[path.source], from, std::move(read));
            }
        }
    }
    return found;
}

} // namespace

std::map<int64_t, Patches<uint8_t>> support(const Program& program, int64_t source,
                                            const std::vector<int64_t>& position) {
    return run_backward<uint8_t>(program, source, position);
}

std::map<int64_t, Patches<double>> paths(const Program& program, int64_t source, const std::vector<int64_t>& position) {
    return run_backward<double>(program, source, position);
}

} // namespace rfonnx
