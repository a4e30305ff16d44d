/// Intervals along an axis as runs: what a long axis' positions see, however long it is.
#pragma once

#include <memory>

#include "bound.hpp"
#include "interval.hpp"
#include "read_bounds.hpp"

namespace rfonnx {

/// Both ends by position; `hi` is negated. A position at which either is `kNothing` sees nothing.
struct Column {
    Bound lo, hi;

    int64_t length() const { return lo.length(); }
    Interval at(int64_t position) const;
};

/// Columns are shared: equal ones along other axes are often one. Null: no position sees anything.
using ColumnPtr = std::shared_ptr<const Column>;

/// The negated end; nothing stays nothing.
inline int64_t negated(int64_t value) {
    return value == kNothing ? kNothing : subtract(0, value);
}
inline Interval interval_of(int64_t lo, int64_t negated_hi) {
    return lo == kNothing || negated_hi == kNothing ? kEmpty : Interval{lo, -negated_hi};
}

/// The column of these bounds; null where nothing is seen.
ColumnPtr column_of(Bound lo, Bound hi);
inline Interval at_position(const ColumnPtr& column, int64_t position) {
    return column ? column->at(position) : kEmpty;
}
/// The same interval all along.
ColumnPtr column_of(Interval value, int64_t length);
/// A table's column. `period`: one that is likely.
ColumnPtr column_of(const std::vector<Interval>& table, int64_t period);
/// Each position i of an axis sees itself.
ColumnPtr identity_column(int64_t length);

/// The table of the part [begin, end).
std::vector<Interval> written(const ColumnPtr& column, int64_t begin, int64_t end);

ColumnPtr hull(const ColumnPtr& a, const ColumnPtr& b);
/// The hull of all positions.
Interval range_of(const ColumnPtr& column);
bool contains(const ColumnPtr& outer, const ColumnPtr& inner);
bool same(const ColumnPtr& a, const ColumnPtr& b);
bool is_constant(const ColumnPtr& column);
/// Equal for columns that are the same.
uint64_t hash_of(const ColumnPtr& column);

/// What each output of a step along the axis sees.
ColumnPtr slid(const ColumnPtr& column, const ReadBounds& reads);

/// The column of `length` positions from `begin` on, of one that goes on by a rule: moved by `shift` every `period`.
ColumnPtr gone_on(const ColumnPtr& column, int64_t period, int64_t shift, int64_t begin, int64_t length);

} // namespace rfonnx
