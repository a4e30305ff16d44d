/// Which positions along one axis an output position reads. The only window arithmetic of the project: the hull, the
/// support, the path weights and the explanation all ask here.
#pragma once

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

    bool is_window() const { return kind_ == Kind::window; }
    bool is_select() const { return kind_ == Kind::select; }
    int axis() const { return axis_; }
    int64_t length() const { return length_; }

    /// How many positions output `o` reads, 1 at least, and how far they lie apart: the kernel and the dilation of a
    /// window or a spread.
    int64_t kernel(int64_t o) const;
    int64_t dilation(int64_t o) const;

    /// What output `o` reads when the tensor read has no borders.
    Progression free(int64_t o) const;
    /// What output `o` really reads of an axis of `source_length` positions.
    Progression real(int64_t o, int64_t source_length) const;
    /// The same, with what lies beyond the axis.
    Progression unclipped(int64_t o) const;
    /// True when output `o` of a select by table reads one position further on than the one before it, or neither reads
    /// any.
    bool moves_on(int64_t o, bool free) const;

    /// Of a select, the first and the last position that each output reads, and how far they lie apart.
    const Places& firsts(bool free) const { return own(free) ? select_->free_first : select_->first; }
    const Places& lasts(bool free) const { return own(free) ? select_->free_last : select_->last; }
    int64_t step() const { return select_->step; }
    /// True of a select by runs: there may be more of its outputs than a table has entries.
    bool in_runs(bool free) const { return is_select() && !firsts(free).is_table(); }

    /// `free(o + period()) == free(o) + shift()` for all o; period 0 when the reads do not go on beyond the table.
    int64_t period() const { return period_; }
    int64_t shift() const { return shift_; }

private:
    bool own(bool free) const { return free && select_->free_first.size() > 0; }
    Progression window(int64_t o) const;
    Progression spread(int64_t o) const;
    Progression looked_up(int64_t o, bool free) const;

    enum class Kind { window, spread, select } kind_;
    int axis_;
    int64_t length_;
    int64_t kernel_ = 1, stride_ = 1, dilation_ = 1, pad_ = 0;
    const Select* select_ = nullptr; // the program outlives its reads
    int64_t period_, shift_;
    int64_t common_ = 1,
            inverse_ = 0; // spread: gcd(stride, dilation), and dilation/common inverted modulo stride/common
};

/// Calls the visitor with the primitive that a step is; the three that slide along one axis come as their reads. Each
/// interpretation is such a visitor, one overload per primitive: where one is missing the core does not compile.
template <typename Visitor>
auto visit_step(const Step& step, Visitor&& visitor) {
    struct Reading {
        Visitor& visitor;
        auto operator()(const Window& s) { return visitor(AxisReads(s)); }
        auto operator()(const Spread& s) { return visitor(AxisReads(s)); }
        auto operator()(const Select& s) { return visitor(AxisReads(s)); }
        auto operator()(const Reduce& s) { return visitor(s); }
        auto operator()(const Band& s) { return visitor(s); }
        auto operator()(const Permute& s) { return visitor(s); }
        auto operator()(const Reshape& s) { return visitor(s); }
    };
    return std::visit(Reading{visitor}, step);
}

} // namespace rfonnx
