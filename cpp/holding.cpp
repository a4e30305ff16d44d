#include "holding.hpp"

#include <algorithm>
#include <stdexcept>

#include "cover.hpp"
#include "overlay.hpp"

namespace rfonnx {
namespace {

/// Turns of one residue, from the first to the last.
struct Turns {
    int64_t first, last;

    bool empty() const { return last < first; }
};

/// Those of `turns` turns in which a line is at most `most`.
Turns at_most(int64_t value, int64_t increment, int64_t most, int64_t turns) {
    if (value == kNothing || (increment == 0 && value > most))
        return {0, -1};
    if (increment == 0)
        return {0, turns - 1};
    const int64_t room = subtract(most, value);
    if (increment > 0)
        return {0, room < 0 ? -1 : std::min(turns - 1, room / increment)};
    return {room >= 0 ? 0 : (-room - increment - 1) / -increment, turns - 1};
}

/// Positions that hold it, ascending.
class Collected {
public:
    void add(int64_t position) {
        Side& side = told_.side;
        if (!side.empty() && side.back().end() == position && side.back().period == 1 && told_.holds.back()) {
            ++side.back().count;
            return;
        }
        add({position, 1, 1}, {1});
    }
    void add(const Span& span, const std::vector<uint8_t>& holds) {
        told_.side.push_back(span);
        told_.holds.insert(told_.holds.end(), holds.begin(), holds.end());
        require_slots(static_cast<int64_t>(told_.holds.size()));
    }
    Holding told(int axis) {
        told_.axis = axis;
        return std::move(told_);
    }

private:
    Holding told_;
};

/// Part [begin, end) of an axis, within one run of either end.
class Part {
public:
    Part(const Run& lo, const Run& hi, int64_t begin, int64_t end, int64_t at) : begin_(begin), end_(end) {
        period_ = common_period(lo, hi, end - begin);
        for (int64_t r = 0; r < period_; ++r) {
            const Turns low = along(lo, r, at), high = along(hi, r, -at);
            turns_.push_back({std::max(low.first, high.first), std::min(low.last, high.last)});
        }
    }

    void take(Collected& into) const {
        int64_t first = kMost, last = kLeast, from = 0, to = kMost; // turns in which some hold it, and in which all do
        for (const Turns& own : turns_) {
            if (own.empty())
                continue;
            first = std::min(first, own.first);
            last = std::max(last, own.last);
            from = std::max(from, own.first);
            to = std::min(to, own.last);
        }
        if (last < first)
            return;
        if (to < from + 2) {
            one_by_one(first, last, into);
            return;
        }
        one_by_one(first, from - 1, into);
        std::vector<uint8_t> holds;
        for (const Turns& own : turns_)
            holds.push_back(!own.empty());
        into.add({begin_ + from * period_, (to - from + 1) * period_, period_}, holds);
        one_by_one(to + 1, last, into);
    }

private:
    Turns along(const Run& run, int64_t residue, int64_t most) const {
        const int64_t offset = begin_ + residue - run.begin, turns = (end_ - begin_ - residue - 1) / period_ + 1;
        const int64_t increment =
            turns == 1 ? 0 : multiply(run.increments[index(offset % run.period())], period_ / run.period());
        return at_most(run.after(offset), increment, most, turns);
    }
    void one_by_one(int64_t first, int64_t last, Collected& into) const {
        require_slots(multiply(last - first + 1, period_));
        for (int64_t turn = first; turn <= last; ++turn) {
            for (int64_t r = 0; r < period_; ++r) {
                if (turns_[index(r)].first <= turn && turn <= turns_[index(r)].last)
                    into.add(begin_ + turn * period_ + r);
            }
        }
    }

    int64_t begin_, end_, period_;
    std::vector<Turns> turns_; // by residue, in which both ends hold it
};

} // namespace

std::optional<Holding> holding(const Field& field, const Shape& shape, int64_t at) {
    const std::optional<int> axis = only_runs(field);
    if (!axis)
        return std::nullopt;
    if (*axis < 0) {
        const bool holds = contains(field.at(Shape(shape.size(), 0)), {at, at});
        return Holding{-1, {}, {static_cast<uint8_t>(holds)}};
    }
    const int64_t length = shape[static_cast<size_t>(*axis)];
    ColumnPtr seen;
    for (const TermPtr& term : field.terms)
        seen = hull(seen, term->along ? term->columns[0] : column_of(term->table[0], length));
    Collected collected;
    for (int64_t begin = 0; seen && begin < length;) {
        const Run& lo = seen->lo.runs()[seen->lo.find(begin)];
        const Run& hi = seen->hi.runs()[seen->hi.find(begin)];
        const int64_t end = std::min(lo.end, hi.end);
        Part(lo, hi, begin, end, at).take(collected);
        begin = end;
    }
    return collected.told(*axis);
}

} // namespace rfonnx
