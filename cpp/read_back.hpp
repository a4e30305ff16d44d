/// One step of the access program backwards: what the positions after it read before it.
#pragma once

#include "patch.hpp"

namespace rfonnx {

template <typename Value>
using Patches = std::vector<Patch<Value>>;

/// What the positions of a patch read through a step; each position's share is split over what it reads. `before`: the
/// shape that the step is applied to. Nothing where nothing is read.
template <typename Value>
Patches<Value> read_back(const Step& step, const Shape& before, Patch<Value> patch);

/// The patch before it was broadcast from one shape to the other: what was repeated along an axis adds up.
template <typename Value>
Patch<Value> unbroadcast(const Shape& from, const Shape& to, Patch<Value> patch);

} // namespace rfonnx
