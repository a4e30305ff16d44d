/// A path with the field along every step of it, for walking back along what made it large.
#pragma once

#include <optional>

#include "carriers.hpp"
#include "hull.hpp"
#include "largest.hpp"

namespace rfonnx {

/// A step and what it is applied to.
struct Stage {
    Step step;
    Shape before;
    Axes carrying; // axes before the step that carry the input axis
    Field field;   // before the step, unbounded
};

struct Trail {
    int64_t source;
    std::vector<Stage> stages;
    Shape shape; // that arrives
    Axes carrying;
    Field field;

    /// The position there that a position of the joined tensor, of shape `joined`, reads.
    Position arrival(const Position& position, const Shape& joined) const;
};

/// nullopt where the path carries nothing of the input axis.
std::optional<Trail> follow(const Program& program, const Hull& hull, const Carriers& carriers, const Path& path,
                            size_t axis);

/// The real positions that a position reads, one step back. Where it reads beyond the border only, the position next
/// to what it reads; nullopt where it reads nothing at all.
std::optional<Box> reads_of(const Stage& stage, const Position& position);

/// What the position sees together with all others along the axes that carry the input axis.
Interval along(const Field& field, const Axes& carrying, const Position& position);

} // namespace rfonnx
