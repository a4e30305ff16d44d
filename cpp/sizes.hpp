/// How many positions of an input axis the positions of a tensor see: the most, and the fewest.
#pragma once

#include "program.hpp"
#include "term.hpp"

namespace rfonnx {

struct Sizes {
    int64_t largest = 0, smallest = 0; // of the positions that see anything; 0 where none does
    bool alike = false;                // there are several positions, and all see the same
    bool exact = true;                 // else the largest one is at most that, and the smallest one at least
};

/// Entries of tables that are looked at for the sizes of one field.
constexpr int64_t kMostEntries = int64_t{1} << 24;

/// Exact, unless terms that walk the same axis and others beside it meet in more than `kMostEntries`, or columns in
/// more than `kMostJointPositions` combinations.
Sizes sizes_of(const Field& field, const Shape& shape);

} // namespace rfonnx
