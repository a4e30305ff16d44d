/// One step of the access program, ready to be applied to the terms of every input axis.
#pragma once

#include <optional>

#include "slide.hpp"
#include "term.hpp"

namespace rfonnx {

class Applied {
public:
    /// `before`: the shape that the step is applied to. The step must outlive this.
    Applied(const Step& step, const Shape& before, bool unbounded);

    /// The term after the step; null when nothing of it is read. Sets `widened` where it is a superset.
    TermPtr operator()(const TermPtr& term, bool& widened) const;

private:
    const Step& step_;
    Shape before_;
    std::optional<Slide> slide_;
    bool too_long_ = false; // no table could hold the output axis: every position is taken to read the whole axis
};

} // namespace rfonnx
