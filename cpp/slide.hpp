/// Hull of a term after a step along one axis: windows, spreads, selects and reduces. A null term reads nothing at all.
#pragma once

#include "read_bounds.hpp"
#include "sweep.hpp"
#include "term.hpp"

namespace rfonnx {

/// A Window, Spread or Select with its reads worked out once for all the terms it is applied to.
class Slide {
public:
    /// `source_length`: positions of the axis that is read.
    Slide(const AxisReads& reads, int64_t source_length, Mode mode);

    /// The field of the step's output. Exact, unless the table would outgrow `kLargestTable`: then `widened` is set.
    TermPtr operator()(const TermPtr& term, bool& widened) const;

private:
    TermPtr of_constant(const TermPtr& term) const;
    TermPtr of_classes(const Term& term, size_t walk) const;
    TermPtr of_positions(const Term& term, size_t walk) const;
    TermPtr of_runs(const Term& term) const;
    TermPtr any(const TermPtr& term, bool& widened) const;
    void give_rule(Walk& walk, const Walk& old) const;
    std::shared_ptr<const Classes> seen() const;
    bool long_output() const { return mode_.long_axis(length_); }

    /// What each output reads, one by one; laid out when it is asked for.
    const std::vector<Progression>& table() const;
    /// The same, those together that read one after the other.
    const std::vector<Sweep>& sweeps() const;
    /// The same as runs.
    const ReadBounds& bounds() const;

    AxisReads reads_;
    int axis_;
    int64_t length_, source_length_;
    Mode mode_;
    int64_t period_, shift_; // of the reads
    mutable std::shared_ptr<const std::vector<Progression>> table_;
    mutable std::shared_ptr<const std::vector<Sweep>> sweeps_;
    mutable std::shared_ptr<const ReadBounds> bounds_;
    mutable std::optional<std::shared_ptr<const Classes>> seen_;
};

/// The field after a reduce along axes. Exact.
TermPtr reduced(const TermPtr& term, const std::vector<int>& axes);

/// What a position sees together with all others along some axes.
Interval hull_along(const Field& field, const std::vector<int>& axes, const std::vector<int64_t>& position);

} // namespace rfonnx
