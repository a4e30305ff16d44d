/// Closed integer intervals, the only currency of the core.
///
/// Convention, everywhere in cpp/: an interval is closed, `[lo, hi]`, both ends inclusive; positions count from 0.
/// Two states are named: *empty* (`hi < lo`, always stored as `kEmpty`: reads nothing) and, for a whole axis of length
/// n, `[0, n - 1]`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "arithmetic.hpp"

namespace rfonnx {

struct Interval {
    int64_t lo;
    int64_t hi;

    bool empty() const { return hi < lo; }
    bool operator==(const Interval& other) const { return lo == other.lo && hi == other.hi; }
    bool operator!=(const Interval& other) const { return !(*this == other); }
};

/// The empty interval: the neutral element of `hull`, since its ends lose against every other.
constexpr Interval kEmpty{kMost, kLeast};

/// Smallest interval that holds both. Exact as a hull; a superset of the union when they do not touch.
/// hull([0,2], [5,6]) = [0,6]; hull(empty, [5,6]) = [5,6].
inline Interval hull(Interval a, Interval b) {
    return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

/// True when every position of `inner` lies in `outer`; the empty interval lies in all.
inline bool contains(Interval outer, Interval inner) {
    return inner.empty() || (outer.lo <= inner.lo && inner.hi <= outer.hi);
}

/// The interval moved by `offset`; the empty one stays empty.
inline Interval moved(Interval value, int64_t offset) {
    return value.empty() ? kEmpty : Interval{add(value.lo, offset), add(value.hi, offset)};
}

/// A position as a subscript; positions are signed because they may lie before the first.
inline size_t index(int64_t position) {
    return static_cast<size_t>(position);
}

} // namespace rfonnx
