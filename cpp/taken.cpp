#include "taken.hpp"

#include <algorithm>

#include "largest.hpp"
#include "overlay.hpp"

namespace rfonnx {

void Taken::take(Interval value) {
    take(value, size_of(value), size_of(value));
}

void Taken::take(Interval range, int64_t largest, int64_t smallest) {
    some_empty_ = some_empty_ || range.empty();
    if (range.empty())
        return;
    range_ = hull(range_, range);
    sizes_.largest = std::max(sizes_.largest, largest);
    sizes_.smallest = sizes_.smallest == 0 ? smallest : std::min(sizes_.smallest, smallest);
}

/// On each stretch of it, in each residue, sizes lie between those at the ends.
void Taken::take(const ColumnPtr& column) {
    if (!column)
        return take(kEmpty);
    overlaid(column->lo, column->hi, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t period = common_period(x, y, end - begin);
        if (period > kMostValues) {
            take_at_most(range_of(column), 1);
            return true;
        }
        for (int64_t position = begin; position < begin + period; ++position) {
            const int64_t last = position + (end - 1 - position) / period * period;
            take(interval_of(x.at(position), y.at(position)));
            take(interval_of(x.at(last), y.at(last)));
        }
        return true;
    });
}

void Taken::take_at_most(Interval range, int64_t smallest) {
    take(range, size_of(range), smallest);
    sizes_.exact = false;
}

Sizes Taken::told(bool several) const {
    Sizes sizes = sizes_;
    sizes.alike = several && sizes.exact && !some_empty_ && sizes.smallest == size_of(range_);
    return sizes;
}

} // namespace rfonnx
