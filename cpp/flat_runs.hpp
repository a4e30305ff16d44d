/// Axes of a term that is kept as runs, laid out flat in row-major order.
#pragma once

#include "regroup.hpp"

namespace rfonnx {

/// One column for each of the term's cells but those of the group's own walks: the flat positions of the group. `along`
/// lies in the group, and beside it the walks [first, last). TooManyValues where runs would hold too many.
std::vector<ColumnPtr> flat_runs(const Term& term, const Shape& from, const Group& group, size_t first, size_t last);

} // namespace rfonnx
