/// Hull of a term after a band: along one axis a range of its own is read at each position of another one.
#pragma once

#include "term.hpp"

namespace rfonnx {

/// The field after a band; `shape` is the shape before it. Exact, unless a table would outgrow `kLargestTable`.
TermPtr banded(const TermPtr& term, const Band& band, const Shape& shape, Mode mode, bool& widened);

} // namespace rfonnx
