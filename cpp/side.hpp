/// Positions along one axis as stretches with a period: as many values as differ, however many positions there are.
#pragma once

#include <cstdint>
#include <vector>

namespace rfonnx {

/// Positions in a row, of which each has the value of the one a period before it: position `first + k` has the value
/// `k % period`. The period is `count` where each has a value of its own, and 1 where all are alike.
struct Span {
    int64_t first, count, period;

    int64_t end() const { return first + count; }
    /// How many positions have a value.
    int64_t turns(int64_t value) const { return (count - value - 1) / period + 1; }
    bool operator==(const Span& other) const {
        return first == other.first && count == other.count && period == other.period;
    }
};

/// Spans of one axis, ascending and apart; outside of them there is nothing. Values are counted one span after the
/// other.
using Side = std::vector<Span>;

/// Most values along one axis; a std::length_error beyond it.
constexpr int64_t kMostSlots = int64_t{1} << 22;
/// A std::length_error where there are more.
void require_slots(int64_t count);

/// How many values there are.
int64_t slots(const Side& side);
/// All positions of an axis, alike.
Side alike(int64_t length);
bool is_alike(const Side& side, int64_t length);
/// By value how many positions have it.
std::vector<int64_t> turns(const Side& side);

/// A side, and by value of it the value that it is in another; -1: there it is none.
struct Laid {
    Side side;
    std::vector<int64_t> from;
};

/// Each position with a value of its own. A std::length_error where these are too many.
Laid one_by_one(const Side& side);
/// The positions of a side whose values are one by one.
std::vector<int64_t> positions(const Side& side);

/// The positions of two sides together: where both have some, the period is the least common multiple of theirs, or as
/// long as they overlap.
struct Overlaid {
    Side side;
    std::vector<int64_t> a, b; // by value, as in Laid::from
};

/// A std::length_error where there would be more than `kMostSlots` values.
Overlaid overlaid(const Side& a, const Side& b);

} // namespace rfonnx
