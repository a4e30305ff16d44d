/// Finds what is regular in a table.
#pragma once

#include "run.hpp"

namespace rfonnx {

/// The runs of a table, end to end from 0 on: periods up to 64 are looked for, and those of `hints`. What follows none
/// stays explicit.
std::vector<Run> detected_runs(const std::vector<int64_t>& table, const std::vector<int64_t>& hints);

} // namespace rfonnx
