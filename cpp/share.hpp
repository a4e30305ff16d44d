/// Which values along an axis before a step get a share of which after it.
#pragma once

#include "reads.hpp"
#include "side.hpp"

namespace rfonnx {

/// A share of the value `from` goes to the value `to`: one of `parts` equal ones, `times` over.
struct Share {
    int64_t from, to, parts, times;
};

struct Shares {
    Side side; // that is read
    std::vector<Share> shares;
};

/// What the positions of a side read through a step, of an axis of `before` positions. Each hands its share to what it
/// really reads, in parts as for what it would read without borders. Where a step reads on steadily, and so does a
/// side, what is read has a period too, away from both ends: only as many positions are looked at as differ. A
/// std::length_error where there are too many.
Shares shares_of(const AxisReads& reads, int64_t before, const Side& after);

} // namespace rfonnx
