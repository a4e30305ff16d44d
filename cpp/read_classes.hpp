/// Which classes of positions an output reads, along a walk by classes.
#pragma once

#include <map>
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

/// Sets of classes, numbered as they come.
class ClassSets {
public:
    /// `slots`: how many classes there are.
    explicit ClassSets(int64_t slots) : singles_(static_cast<size_t>(slots), kNone) {}

    /// The number of a set, ascending; a new one where it was not met before.
    int64_t name(const std::vector<int64_t>& set);
    const std::vector<std::vector<int64_t>>& all() const { return sets_; }

private:
    static constexpr int64_t kNone = -1;

    std::vector<std::vector<int64_t>> sets_;
    int64_t empty_ = kNone;        // the numbers of the empty set,
    std::vector<int64_t> singles_; // of those of one class, nearly all that are met, by class,
    std::map<std::vector<int64_t>, int64_t> larger_;
};

} // namespace rfonnx
