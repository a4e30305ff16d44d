/// Which axes of a tensor carry an input axis: those along which its positions came, whether or not the field still
/// differs along them. After a squeeze-and-excitation gate every pixel sees the whole image, and rows are rows still.
#pragma once

#include <memory>

#include "hull.hpp"

namespace rfonnx {

/// One flag per tensor axis.
using Axes = std::vector<bool>;
using AxesPtr = std::shared_ptr<const Axes>; // tensors that carry alike have them together

/// Makes axes those that hold after one step what they held before it, `before` being the shape there. Merged or cut
/// axes carry on together.
void carry(const Step& step, const Shape& before, Axes& axes);

/// True when a step takes everything along one of the axes into each position.
bool takes_whole(const Step& step, const Shape& before, const Axes& axes);

struct GlobalStep {
    int64_t tensor; // index into the program's tensors
    size_t axis;    // index into Hull::axes
};

struct Carriers {
    std::vector<AxesPtr> axes;      // by source * axes of inputs + axis, as in Hull
    std::vector<GlobalStep> global; // tensors made by taking a whole carried axis, in order
};

Carriers follow_carriers(const Program& program, const std::vector<InputAxis>& input_axes);

} // namespace rfonnx
