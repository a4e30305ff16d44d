/// Positions that tell all of a field, however long the axes are that it walks.
#pragma once

#include "term.hpp"

namespace rfonnx {

/// Positions along one axis, ascending, and how many each stands for. These see something, reach the beginning of the
/// input, lie behind it, and so on for its end, either all or none; and sums of what is linear come out right.
struct Landmarks {
    std::vector<int64_t> positions;
    std::vector<double> weights;
};

/// One axis of a tensor whose positions count themselves: o is asked for, or `o / period` rounded down, and what is
/// asked changes at the cuts, which ascend. axis -1: none.
struct OwnAxis {
    int axis = -1;
    int64_t period = 1;
    std::vector<int64_t> cuts = {};
};

/// By axis of a tensor, positions that tell of all: the least and the greatest lo and hi of either field are among what
/// they see, and so are the greatest of `hi - g` and of `g - lo`, for every g that is linear in what is asked of the
/// own axis; of single positions, or of several along other axes together, and of those that see the input's ends
/// alone, or neither. Where one axis alone is walked, ends that are one line at these positions are that line
/// everywhere, and the smallest interval within the input is among them, too. (Terms that walk different axes may cross
/// anywhere between.)
///
/// Where no end changes its run and no two ends cross, each residue of the common period is a line: its first and its
/// last turn are taken. An axis that nothing walks has position 0 alone. A std::length_error when there are too many.
std::vector<Landmarks> landmarks(const std::vector<const Field*>& fields, const Shape& shape, int64_t input_length,
                                 const OwnAxis& own);

} // namespace rfonnx
