#include "column.hpp"

#include <algorithm>

namespace rfonnx {
namespace {

bool nothing(const Bound& bound) {
    return std::all_of(bound.runs().begin(), bound.runs().end(), [](const Run& run) {
        return std::all_of(run.values.begin(), run.values.end(), [](int64_t value) { return value == kNothing; });
    });
}

bool is_constant(const Bound& bound) {
    const int64_t first = bound.at(0);
    return std::all_of(bound.runs().begin(), bound.runs().end(), [&](const Run& run) {
        for (int64_t r = 0; r < run.period(); ++r) {
            if (run.values[index(r)] != first || run.increments[index(r)] != 0)
                return false;
        }
        return true;
    });
}

Bound gone_on(const Bound& bound, int64_t period, int64_t shift, int64_t begin, int64_t length) {
    if (period > kMostValues)
        throw TooManyValues();
    const int64_t count = std::min(period, length);
    Run run{0, length, {}, {}};
    for (int64_t r = 0; r < count; ++r) {
        const int64_t value = bound.at(floor_modulo(begin + r, period));
        const int64_t turn = floor_divide(begin + r, period);
        run.values.push_back(value == kNothing ? kNothing : add(value, multiply(turn, shift)));
        run.increments.push_back(value == kNothing || r + period >= length ? 0 : shift);
    }
    Bound result;
    result.append(std::move(run));
    return result;
}

} // namespace

Interval Column::at(int64_t position) const {
    return interval_of(lo.at(position), hi.at(position));
}

ColumnPtr column_of(Bound lo, Bound hi) {
    if (lo.length() == 0 || nothing(lo) || nothing(hi))
        return nullptr;
    return std::make_shared<const Column>(Column{std::move(lo), std::move(hi)});
}

ColumnPtr column_of(Interval value, int64_t length) {
    if (value.empty() || length == 0)
        return nullptr;
    return column_of(constant_bound(length, value.lo), constant_bound(length, negated(value.hi)));
}

ColumnPtr column_of(const std::vector<Interval>& table, int64_t period) {
    std::vector<int64_t> lo, hi;
    for (const Interval& value : table) {
        lo.push_back(value.empty() ? kNothing : value.lo);
        hi.push_back(value.empty() ? kNothing : negated(value.hi));
    }
    return column_of(detected(lo, {period}), detected(hi, {period}));
}

ColumnPtr identity_column(int64_t length) {
    return length == 0 ? nullptr : column_of(line(length, 0, 1), line(length, 0, -1));
}

std::vector<Interval> written(const ColumnPtr& column, int64_t begin, int64_t end) {
    if (!column)
        return std::vector<Interval>(index(end - begin), kEmpty);
    const std::vector<int64_t> lo = written(column->lo, begin, end), hi = written(column->hi, begin, end);
    std::vector<Interval> table;
    table.reserve(lo.size());
    for (size_t k = 0; k < lo.size(); ++k)
        table.push_back(interval_of(lo[k], hi[k]));
    return table;
}

ColumnPtr hull(const ColumnPtr& a, const ColumnPtr& b) {
    if (!a || a == b)
        return b;
    return b ? column_of(least(a->lo, b->lo), least(a->hi, b->hi)) : a;
}

Interval range_of(const ColumnPtr& column) {
    return column ? interval_of(least_value(column->lo), least_value(column->hi)) : kEmpty;
}

bool contains(const ColumnPtr& outer, const ColumnPtr& inner) {
    return !inner || outer == inner || (outer && at_most(outer->lo, inner->lo) && at_most(outer->hi, inner->hi));
}

bool same(const ColumnPtr& a, const ColumnPtr& b) {
    return a == b || (a && b && same(a->lo, b->lo) && same(a->hi, b->hi));
}

bool is_constant(const ColumnPtr& column) {
    return !column || (is_constant(column->lo) && is_constant(column->hi));
}

uint64_t hash_of(const ColumnPtr& column) {
    uint64_t value = 1469598103934665603ULL; // FNV-1a
    if (!column)
        return value;
    const int64_t last = column->length() - 1;
    for (const int64_t place : {int64_t{0}, std::min<int64_t>(1, last), last / 2, last}) {
        for (const int64_t end : {column->lo.at(place), column->hi.at(place)})
            value = (value ^ static_cast<uint64_t>(end)) * 1099511628211ULL;
    }
    return value;
}

ColumnPtr slid(const ColumnPtr& column, const ReadBounds& reads) {
    if (!column || reads.first.length() == 0)
        return nullptr;
    return column_of(slid(column->lo, reads), slid(column->hi, reads));
}

ColumnPtr gone_on(const ColumnPtr& column, int64_t period, int64_t shift, int64_t begin, int64_t length) {
    if (!column)
        return nullptr;
    return column_of(gone_on(column->lo, period, shift, begin, length),
                     gone_on(column->hi, period, -shift, begin, length));
}

} // namespace rfonnx
