/// Which classes of positions an output reads, along a walk by classes.
#pragma once

#include <vector>

#include "reads.hpp"
#include "term.hpp"

namespace rfonnx {

/// The classes along a walk that reads meet.
class ReadClasses {
public:
    ReadClasses(const Walk& walk, int64_t length) : walk_(walk), length_(length) {}

    /// Puts them into `slots`, ascending. Returns for how many outputs in a row, this one included, they stay the same,
    /// when each reads one position further on than the one before it: at least so many.
    int64_t find(const Progression& wanted, std::vector<int64_t>& slots) const;

private:
    const Walk& walk_;
    int64_t length_;
};

} // namespace rfonnx
