/// The backward interpretations: from one output position to the input positions that reach it. They touch only what
/// it reads, however long the axes are.
///
/// *support*: which positions can reach it, exactly: the holes of dilated convs, strides that skip. *paths*: the share
/// of the output that each would get if every operator averaged what it reads (Luo et al. 2016, section 2.1, uniform
/// weights): each operator splits a position's share equally over the positions that it reads, and a join gives it to
/// each operand.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "program.hpp"
#include "read_back.hpp"

namespace rfonnx {

/// Which positions of each input reach `position` of a source. By input index; inputs that are not reached are missing.
/// Patches of one input may overlap: what any of them says counts, or of paths their sum.
std::map<int64_t, Patches<uint8_t>> support(const Program& program, int64_t source,
                                            const std::vector<int64_t>& position);

/// Shares of each input's positions at `position` of a source. What reads padding loses its share, as zeros would.
std::map<int64_t, Patches<double>> paths(const Program& program, int64_t source, const std::vector<int64_t>& position);

} // namespace rfonnx
