/// Reshapes of axes that are kept as runs: interleaved and laid end to end, and cut into every so manieth position.
#pragma once

#include <optional>

#include "regroup.hpp"

namespace rfonnx {

/// The term with the walks of the group that holds `along` replaced: the longest of the new axes is kept as runs.
/// Nothing where there is no new axis of more than one position, or one that moves on after a long turn only. Walks
/// [first, last) of the term lie in the group, beside `along`. TooManyValues where runs hold no fewer values than a
/// table would.
std::optional<Term> regrouped_runs(const Term& term, Regrouping regrouping, size_t first, size_t last);

} // namespace rfonnx
