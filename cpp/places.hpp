/// Which position each output reads: a table, or runs where that is shorter. A Resize along 2^30 positions is a few.
#pragma once

#include "bound.hpp"

namespace rfonnx {

class Places {
public:
    Places() = default;
    explicit Places(std::vector<int64_t> table) : table_(std::move(table)) {}
    explicit Places(Bound runs) : runs_(std::move(runs)) {}

    int64_t size() const { return is_table() ? static_cast<int64_t>(table_.size()) : runs_.length(); }
    int64_t operator[](int64_t output) const {
        return is_table() ? table_[static_cast<size_t>(output)] : runs_.at(output);
    }
    bool is_table() const { return runs_.runs().empty(); }
    const std::vector<int64_t>& table() const { return table_; }
    const Bound& runs() const { return runs_; } // without any where it is a table

private:
    std::vector<int64_t> table_;
    Bound runs_;
};

/// Runs as they came, each begun where the last one ended. Throws std::invalid_argument where one is empty or has more
/// values than positions, std::overflow_error where a position exceeds 64 bits.
Places places_of(std::vector<Run> runs);

} // namespace rfonnx
