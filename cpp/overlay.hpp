/// Two bounds side by side, cut where either begins a run.
#pragma once

#include <algorithm>

#include "bound.hpp"

namespace rfonnx {

/// Calls `visit(f's run, g's run, begin, end)` for each stretch on which neither changes; stops when it returns false,
/// and returns that.
template <typename Visit>
bool overlaid(const Bound& f, const Bound& g, Visit visit) {
    size_t i = 0, j = 0;
    for (int64_t begin = 0; i < f.runs().size() && j < g.runs().size();) {
        const Run &x = f.runs()[i], &y = g.runs()[j];
        const int64_t end = std::min(x.end, y.end);
        if (!visit(x, y, begin, end))
            return false;
        i += x.end == end;
        j += y.end == end;
        begin = end;
    }
    return true;
}

/// After so many positions both runs have come around, or the stretch of `length` is over.
inline int64_t common_period(const Run& x, const Run& y, int64_t length) {
    return common_period(x.period(), y.period(), length);
}

} // namespace rfonnx
