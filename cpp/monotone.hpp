/// Bounds that never fall, or never rise: a window over one reads its least value at a known place.
#pragma once

#include <optional>

#include "bound.hpp"

namespace rfonnx {

enum class Course { rising, falling, neither };

/// Whether each value is at least the one before it, or at most; a constant rises. Nothing counts as the largest value.
Course course_of(const Bound& f);

/// The window of `bound.hpp` as one gather, of a bound that rises or falls; nothing where that is no shorter.
std::optional<Bound> window_at_end(const Bound& f, int64_t kernel, int64_t dilation, int64_t scale, int64_t offset,
                                   int64_t length);

} // namespace rfonnx
