#include "side.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "arithmetic.hpp"

namespace rfonnx {
namespace {

/// The span of a side that holds a position, while positions ascend.
class Walker {
public:
    explicit Walker(const Side& side) : side_(side) {}

    /// Null where there is none.
    const Span* to(int64_t position) {
        while (at_ < side_.size() && side_[at_].end() <= position)
            offset_ += side_[at_++].period;
        return at_ < side_.size() && side_[at_].first <= position ? &side_[at_] : nullptr;
    }
    /// The value of a position of that span.
    int64_t value(int64_t position) const { return offset_ + (position - side_[at_].first) % side_[at_].period; }

private:
    const Side& side_;
    size_t at_ = 0;
    int64_t offset_ = 0;
};

} // namespace

void require_slots(int64_t count) {
    if (count > kMostSlots)
        throw std::length_error("too many positions differ along an axis; bind a smaller input shape");
}

int64_t slots(const Side& side) {
    return std::accumulate(side.begin(), side.end(), int64_t{0},
                           [](int64_t sum, const Span& span) { return sum + span.period; });
}

Side alike(int64_t length) {
    return {{0, length, 1}};
}

bool is_alike(const Side& side, int64_t length) {
    return side.size() == 1 && side[0] == Span{0, length, 1};
}

std::vector<int64_t> turns(const Side& side) {
    std::vector<int64_t> result;
    for (const Span& span : side) {
        for (int64_t value = 0; value < span.period; ++value)
            result.push_back(span.turns(value));
    }
    return result;
}

Laid one_by_one(const Side& side) {
    Laid result;
    int64_t offset = 0, count = 0;
    for (const Span& span : side) {
        require_slots(count += span.count);
        result.side.push_back({span.first, span.count, span.count});
        for (int64_t k = 0; k < span.count; ++k)
            result.from.push_back(offset + k % span.period);
        offset += span.period;
    }
    return result;
}

std::vector<int64_t> positions(const Side& side) {
    std::vector<int64_t> result;
    for (const Span& span : side) {
        for (int64_t k = 0; k < span.count; ++k)
            result.push_back(span.first + k);
    }
    return result;
}

Overlaid overlaid(const Side& a, const Side& b) {
    std::vector<int64_t> ends;
    for (const Side* side : {&a, &b}) {
        for (const Span& span : *side) {
            ends.push_back(span.first);
            ends.push_back(span.end());
        }
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    Walker one(a), other(b);
    Overlaid result;
    int64_t count = 0;
    for (size_t k = 0; k + 1 < ends.size(); ++k) {
        const int64_t begin = ends[k], length = ends[k + 1] - begin;
        const Span *first = one.to(begin), *second = other.to(begin);
        if (first == nullptr && second == nullptr)
            continue;
        const int64_t period = first == nullptr    ? std::min(second->period, length)
                               : second == nullptr ? std::min(first->period, length)
                                                   : common_period(first->period, second->period, length);
        require_slots(count += period);
        result.side.push_back({begin, length, period});
        for (int64_t position = begin; position < begin + period; ++position) {
            result.a.push_back(first == nullptr ? -1 : one.value(position));
            result.b.push_back(second == nullptr ? -1 : other.value(position));
        }
    }
    return result;
}

} // namespace rfonnx
