/// Hulls over stretches of one table column, the inner loop of every window.
#pragma once

#include <vector>

#include "interval.hpp"
#include "reads.hpp"

namespace rfonnx {

/// The entries of a table along one walk, `inner` apart. period, shift: the walk's rule.
struct Entries {
    const Interval* entries;
    int64_t inner, length, period, shift;

    Interval at(int64_t position) const { return entries[position * inner]; }
};

/// Hulls over many stretches of a column. Picks the cheapest way that the column allows: its two ends where it is
/// monotone, one period where a rule carries it beyond its ends, a table of block hulls where stretches are long, and
/// else entry by entry.
class Hulls {
public:
    /// `goes_on`: read beyond the ends by the rule; else positions beyond them are skipped. `wanted`: what will be
    /// asked for.
    Hulls(const Entries& column, bool goes_on, const std::vector<Progression>& wanted);

    /// Hull over the entries of a progression. Exact.
    Interval over(Progression reads) const;

private:
    Interval beyond(int64_t position) const;
    Interval over_period(Progression reads) const;
    Interval over_blocks(int64_t first, int64_t last) const;
    void build_blocks();

    const Entries& column_;
    bool goes_on_;
    bool monotone_ = false;
    std::vector<std::vector<Interval>> levels_; // level k: hulls of 2^k neighbouring blocks
};

} // namespace rfonnx
