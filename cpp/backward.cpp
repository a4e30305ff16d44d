#include "backward.hpp"

namespace rfonnx {
namespace {

/// Patches of one tensor that are kept apart; beyond it they are laid out together.
constexpr size_t kMostPatches = 16;
/// Values that may be kept for nothing when two patches are put together.
constexpr int64_t kMayBeEmpty = 4096;

/// A position, alone.
template <typename Value>
Patch<Value> seed(const Shape& shape, const std::vector<int64_t>& position) {
    Patch<Value> patch{{}, {Value{1}}};
    for (size_t axis = 0; axis < shape.size(); ++axis)
        patch.sides.push_back({{position[axis], 1, 1}});
    return patch;
}

/// Puts one patch to another, where together they hold not much more than both alone.
template <typename Value>
bool join(Patch<Value>& sum, const Patch<Value>& patch, bool anyway) {
    std::vector<Overlaid> laid;
    Shape extent;
    for (size_t axis = 0; axis < sum.sides.size(); ++axis) {
        laid.push_back(overlaid(sum.sides[axis], patch.sides[axis]));
        extent.push_back(static_cast<int64_t>(laid.back().a.size()));
    }
    const int64_t alone = volume(sum.extent()) + volume(patch.extent());
    if (!anyway && volume(extent) > 2 * alone + kMayBeEmpty)
        return false;
    Patch<Value> other = patch;
    for (size_t axis = 0; axis < laid.size(); ++axis) {
        lay(sum, axis, laid[axis].side, laid[axis].a);
        lay(other, axis, laid[axis].side, laid[axis].b);
    }
    for (size_t i = 0; i < sum.values.size(); ++i)
        accumulate(sum.values[i], other.values[i]);
    for (size_t axis = 0; axis < laid.size(); ++axis)
        simplify(sum, axis);
    return true;
}

/// Puts a patch to one with which it makes no more than both alone.
template <typename Value>
void add_to(Patches<Value>& patches, Patch<Value> patch) {
    for (Patch<Value>& other : patches) {
        if (join(other, patch, false))
            return;
    }
    patches.push_back(std::move(patch));
    if (patches.size() <= kMostPatches)
        return;
    for (size_t k = 1; k < patches.size(); ++k)
        join(patches[0], patches[k], true);
    patches.resize(1);
}

template <typename Value>
Patches<Value> through_path(const Program& program, const Path& path, const Shape& shape, const Patch<Value>& patch) {
    const std::vector<Shape> before = shapes_along(program, path);
    Patches<Value> current{unbroadcast(before.back(), shape, patch)};
    for (size_t k = path.steps.size(); k-- > 0;) {
        Patches<Value> read;
        for (Patch<Value>& one : current) {
            for (Patch<Value>& found : read_back(path.steps[k], before[k], std::move(one)))
                add_to(read, std::move(found));
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
                    add_to(found[path.source], std::move(read));
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
