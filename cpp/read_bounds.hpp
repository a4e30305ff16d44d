/// What every output of a step along one axis reads, as runs.
#pragma once

#include "bound.hpp"
#include "reads.hpp"

namespace rfonnx {

/// Output o reads `first(o), first(o) + step .. last(o)`; nothing where `first` is `kNothing`. (Here `last` is not
/// negated.)
struct ReadBounds {
    Bound first, last;
    int64_t step;
};

/// `free`: without borders. TooManyValues when the reads follow no rule that is shorter than their table may be.
ReadBounds bounds_of(const AxisReads& reads, bool free);

/// Positions that are looked at for the outputs of a step which are looked up one by one: wide ranges that follow no
/// rule, of a function that follows none.
constexpr int64_t kMostLookedUp = int64_t{1} << 28;

/// The least of what each output reads of f; what lies outside of f is passed over. TooManyValues where more than
/// `kMostLookedUp` positions would be looked at.
Bound slid(const Bound& f, const ReadBounds& reads);

} // namespace rfonnx
