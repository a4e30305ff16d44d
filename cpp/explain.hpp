/// Why a field is as large as it is: backwards from the largest position, always to the largest of those it reads.
#pragma once

#include "carriers.hpp"
#include "hull.hpp"
#include "largest.hpp"
#include "rational.hpp"

namespace rfonnx {

/// What an operator did along the axis that walks. `size` is that of one position, and what was added is how much
/// larger that is than the largest field among the positions it reads, by what takes further positions in:
struct Link {
    int64_t source; // the tensor that it makes
    int64_t from;   // the source that the chain comes from, -1 at the input itself
    int64_t size;   // unbounded size there, at `position`
    Position position;
    int64_t slid = 0;       // a window, a spread or a table of reads along the axis
    int64_t taken = 0;      // a reduce, a band or a window over all that the axis holds, and pairs of its positions
    int64_t misaligned = 0; // paths, or channels, that see different places: each further than the other on one side
    bool all = false;       // `taken` is everything that the operand sees, or nothing was there to be taken
    Rational jump = 0;      // input positions per step on `from`, 0 when nothing walks there
    int64_t kernel = 1, dilation = 1;
    Rational stride = 1;
    bool slides = false, spreads = false;
};

/// The chain from the input axis to a source, the input first. Empty when the source reads nothing of it. `size`
/// telescopes along it: size - slid - taken - misaligned is the size of the link before, where no table was widened.
std::vector<Link> explain(const Program& program, const Hull& hull, const Carriers& carriers, int64_t source,
                          size_t axis);

} // namespace rfonnx
