/// One step of the access program, ready to be applied to the terms of every input axis.
#pragma once

#include <functional>

#include "program.hpp"
#include "term.hpp"

namespace rfonnx {

/// The term after the step; null when nothing of it is read. Sets `widened` where it is a superset.
using AppliedStep = std::function<TermPtr(const TermPtr& term, bool& widened)>;

/// `before`: the shape that the step is applied to. The step must outlive what is returned.
AppliedStep applied(const Step& step, const Shape& before, Mode mode);

} // namespace rfonnx
