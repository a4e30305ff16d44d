/// The terms of a join brought down to as few as say the same.
#pragma once

#include "term.hpp"

namespace rfonnx {

/// Drops terms inside others, merges what walks the same axes, and keeps to `kMostTerms`. Exact, unless a table would
/// outgrow `kLargestTable`: then walks are dropped and `Field::widened` is set.
///
/// A term lies inside another when it does at every position of the tensor and their common walks go on alike beyond
/// it. (Beyond the tensor a term that does not walk at all is taken to hold what it holds inside: what is global stays
/// global.)
void normalise(Field& field);

} // namespace rfonnx
