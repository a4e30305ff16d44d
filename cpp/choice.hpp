/// What one term of several shows at a position: one of some intervals, whatever the others show.
#pragma once

#include <vector>

#include "largest.hpp"

namespace rfonnx {

/// Intervals of which a position sees one, whatever it sees of other choices.
class Choice {
public:
    void add(Interval value) {
        if (value.empty()) {
            may_be_nothing_ = true;
            return;
        }
        values_.push_back(value);
        range_ = hull(range_, value);
        largest_ = std::max(largest_, size_of(value));
        smallest_ = smallest_ == 0 ? size_of(value) : std::min(smallest_, size_of(value));
    }
    void clear() { *this = Choice(std::move(values_)); }

    const std::vector<Interval>& values() const { return values_; } // without empty ones
    Interval range() const { return range_; }
    int64_t largest() const { return largest_; }
    int64_t smallest() const { return smallest_; }
    bool may_be_nothing() const { return may_be_nothing_; }

    Choice() = default;

private:
    explicit Choice(std::vector<Interval> reused) : values_(std::move(reused)) { values_.clear(); }

    std::vector<Interval> values_;
    Interval range_ = kEmpty;
    int64_t largest_ = 0, smallest_ = 0;
    bool may_be_nothing_ = false;
};

/// The largest hull of one interval of each choice.
int64_t largest_hull(const std::vector<Choice>& choices);
/// The smallest one that is not empty.
int64_t smallest_hull(const std::vector<Choice>& choices);

} // namespace rfonnx
