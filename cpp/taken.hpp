/// The sizes of all that positions were taken to see.
#pragma once

#include "column.hpp"
#include "sizes.hpp"

namespace rfonnx {

class Taken {
public:
    void take(Interval value);
    /// Positions that see `range` together, and single ones between so many positions of it.
    void take(Interval range, int64_t largest, int64_t smallest);
    /// All positions of a column.
    void take(const ColumnPtr& column);
    /// Positions that are not looked at: each sees so many at least, and the range at most.
    void take_at_most(Interval range, int64_t smallest);
    void take_nothing() { some_empty_ = true; }

    /// `several`: positions.
    Sizes told(bool several) const;

private:
    Sizes sizes_;
    Interval range_ = kEmpty; // that all positions see together
    bool some_empty_ = false;
};

} // namespace rfonnx
