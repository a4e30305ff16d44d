/// Which positions of a tensor have a position of an input's axis in their interval.
#pragma once

#include <optional>

#include "program.hpp"
#include "side.hpp"
#include "term.hpp"

namespace rfonnx {

/// Along one axis of a tensor, of which alone it depends: positions, and by value whether they have it. axis -1: all
/// positions are alike, and there is one value without a side.
struct Holding {
    int axis = -1;
    Side side;
    std::vector<uint8_t> holds;
};

/// nullopt where that depends on several axes, or on one that is kept as a table. A std::length_error where it differs
/// at too many positions.
std::optional<Holding> holding(const Field& field, const Shape& shape, int64_t at);

} // namespace rfonnx
