/// Entries of a term's table, be they intervals or columns of runs: one algorithm for either.
#pragma once

#include <utility>

#include "term.hpp"

namespace rfonnx {

/// What sees nothing.
template <typename Cell>
Cell nothing();
template <>
inline Interval nothing<Interval>() {
    return kEmpty;
}
template <>
inline ColumnPtr nothing<ColumnPtr>() {
    return nullptr;
}

inline bool same(Interval a, Interval b) {
    return a == b;
}
inline Interval range_of(Interval value) {
    return value;
}
inline uint64_t hash_of(Interval value) {
    uint64_t hash = 1469598103934665603ULL; // FNV-1a
    for (int64_t end : {value.lo, value.hi})
        hash = (hash ^ static_cast<uint64_t>(end)) * 1099511628211ULL;
    return hash;
}

/// Calls `action` with the term's cells, and with those that they become; returns what it returns.
template <typename Action>
decltype(auto) with_cells(const Term& term, Action action) {
    return term.along ? action(term.columns) : action(term.table);
}

/// The term's walks, and `along`, without cells.
inline Term same_walks_as(const Term& term) {
    return {term.walks, {}, term.along, {}};
}

/// The cells of a term that is being made, of the type of those given.
inline std::vector<Interval>& like(Term& made, const std::vector<Interval>&) {
    return made.table;
}
inline std::vector<ColumnPtr>& like(Term& made, const std::vector<ColumnPtr>&) {
    return made.columns;
}

} // namespace rfonnx
