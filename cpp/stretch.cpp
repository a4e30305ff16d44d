#include "stretch.hpp"

namespace rfonnx {
namespace {

constexpr int64_t kBlock = 16;

/// True when both ends never fall along the column, or never rise, and no entry is empty: then the hull of a stretch is
/// that of its ends.
bool is_monotone(const Entries& column) {
    bool rises = true, falls = true;
    for (int64_t i = 0; i < column.length; ++i) {
        const Interval here = column.at(i);
        if (here.empty())
            return false;
        if (i == 0)
            continue;
        const Interval before = column.at(i - 1);
        rises = rises && before.lo <= here.lo && before.hi <= here.hi;
        falls = falls && before.lo >= here.lo && before.hi >= here.hi;
    }
    return rises || falls;
}

/// True when going entry by entry would visit the column many times over.
bool long_stretches(const Entries& column, const std::vector<Progression>& wanted) {
    int64_t visits = 0;
    for (const Progression& reads : wanted) {
        if (reads.step != 1)
            return false;
        visits += clipped(reads, column.length).count();
    }
    return visits > 2 * kBlock * (column.length + static_cast<int64_t>(wanted.size()));
}

} // namespace

Hulls::Hulls(const Entries& column, bool goes_on, const std::vector<Progression>& wanted)
    : column_(column), goes_on_(goes_on) {
    if (goes_on)
        return;
    monotone_ = is_monotone(column);
    if (!monotone_ && long_stretches(column, wanted))
        build_blocks();
}

Interval Hulls::over(Progression reads) const {
    if (goes_on_)
        return over_period(reads);
    reads = clipped(reads, column_.length);
    if (reads.empty())
        return kEmpty;
    if (monotone_)
        return hull(column_.at(reads.first), column_.at(reads.last));
    if (!levels_.empty())
        return over_blocks(reads.first, reads.last);
    Interval result = kEmpty;
    for (int64_t p = reads.first; p <= reads.last; p += reads.step)
        result = hull(result, column_.at(p));
    return result;
}

/// The entry at a position beyond the ends, by the rule.
Interval Hulls::beyond(int64_t position) const {
    const int64_t length = column_.length, period = column_.period;
    if (position >= 0 && position < length)
        return column_.at(position);
    const int64_t turns = position < 0 ? floor_divide(position, period) : floor_divide(position - length, period) + 1;
    return moved(column_.at(position - turns * period), multiply(turns, column_.shift));
}

/// The column repeats, moved by `shift`, every `period` positions, so the extremes lie among the first or the last
/// reads that cover one period.
Interval Hulls::over_period(Progression reads) const {
    if (reads.empty())
        return kEmpty;
    const int64_t round = column_.period / std::gcd(column_.period, reads.step);
    const int64_t count = reads.count();
    Interval result = kEmpty;
    for (int64_t k = 0; k < std::min(round, count); ++k) {
        result = hull(result, beyond(reads.first + k * reads.step));
        result = hull(result, beyond(reads.last - k * reads.step));
    }
    return result;
}

void Hulls::build_blocks() {
    std::vector<Interval> level;
    for (int64_t first = 0; first < column_.length; first += kBlock) {
        Interval value = kEmpty;
        for (int64_t p = first; p < std::min(first + kBlock, column_.length); ++p)
            value = hull(value, column_.at(p));
        level.push_back(value);
    }
    levels_.push_back(std::move(level));
    for (size_t width = 1; 2 * width <= levels_[0].size(); width *= 2) {
        const std::vector<Interval>& below = levels_.back();
        std::vector<Interval> above;
        for (size_t i = 0; i + width < below.size(); ++i)
            above.push_back(hull(below[i], below[i + width]));
        levels_.push_back(std::move(above));
    }
}

/// Two overlapping runs of whole blocks, and what is left at either end.
Interval Hulls::over_blocks(int64_t first, int64_t last) const {
    Interval result = kEmpty;
    while (first <= last && first % kBlock != 0)
        result = hull(result, column_.at(first++));
    while (first <= last && (last + 1) % kBlock != 0)
        result = hull(result, column_.at(last--));
    if (first > last)
        return result;
    const int64_t begin = first / kBlock, end = (last + 1) / kBlock;
    size_t level = 0;
    while ((int64_t{2} << level) <= end - begin)
        ++level;
    result = hull(result, levels_[level][index(begin)]);
    return hull(result, levels_[level][index(end - (int64_t{1} << level))]);
}

} // namespace rfonnx
