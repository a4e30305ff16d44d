/// Smaller tables with the same values, or with wider ones: dropping walks and sharing equal slices.
#pragma once

#include "term.hpp"

namespace rfonnx {

/// Drops a walk by taking the hull along it. Exact for a reduce; for anything else a superset.
Term without_walk(const Term& term, size_t walk);

/// The walk that grows the intervals least when it is dropped.
size_t cheapest_walk(const Term& term);

/// The same values, with constant walks dropped and equal slices of walks without a rule stored once. Exact.
Term compressed(Term term);

/// Gives equal slices along a walk one slot: it becomes one by classes, unless nothing is equal. Exact.
Term deduplicated(const Term& term, size_t walk);

/// True when two positions along a walk that is kept as runs see the same in every column. Of long walks, those are
/// found which stand a few periods apart.
bool some_alike(const std::vector<ColumnPtr>& columns, int64_t length);

} // namespace rfonnx
