/// Which positions along one axis an output position reads. The only window arithmetic of the project: the hull, the
/// support, the path weights and the explanation all ask here.
#pragma once

#include <optional>

#include "interval.hpp"
#include "program.hpp"

namespace rfonnx {

/// An arithmetic progression of positions, `first, first+step .. last`; `last < first` reads nothing.
struct Progression {
    int64_t first, last, step;

    bool empty() const { return last < first; }
    int64_t count() const { return empty() ? 0 : (last - first) / step + 1; }
};

constexpr Progression kReadsNothing{0, -1, 1};

/// The part of a progression that lies in `[0, length)`. {-2..4 step 3} in [0, 4) = {1..1}.
Progression clipped(Progression reads, int64_t length);

/// The reads of a Window, Spread or Select, position by position. Exact.
class AxisReads {
public:
    explicit AxisReads(const Window& step);
    explicit AxisReads(const Spread& step);
    explicit AxisReads(const Select& step);

    /// nullopt for the steps that do not slide along one axis.
    static std::optional<AxisReads> of(const Step& step);

    int axis() const { return axis_; }
    int64_t length() const { return length_; }

    /// What output `o` reads when the tensor read has no borders.
    Progression free(int64_t o) const;
    /// What output `o` really reads of an axis of `source_length` positions.
    Progression real(int64_t o, int64_t source_length) const;

    /// `free(o + period()) == free(o) + shift()` for all o; period 0 when the reads do not go on beyond the table.
    int64_t period() const { return period_; }
    int64_t shift() const { return shift_; }

private:
    Progression window(int64_t o) const;
    Progression spread(int64_t o) const;

    enum class Kind { window, spread, select } kind_;
    int axis_;
    int64_t length_;
    int64_t kernel_ = 1, stride_ = 1, dilation_ = 1, pad_ = 0;
    const Select* select_ = nullptr; // the program outlives its reads
    int64_t period_, shift_;
    int64_t common_ = 1,
            inverse_ = 0; // spread: gcd(stride, dilation), and dilation/common inverted modulo stride/common
};

} // namespace rfonnx
