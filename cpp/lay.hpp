/// The same term with a walk kept as runs, or laid out.
#pragma once

#include "term.hpp"

namespace rfonnx {

/// The term without `along`: its columns laid out as a walk like others, by classes where positions are alike.
/// TooManyValues when the table would outgrow `kLargestTable`.
Term laid_out(const Term& term);

/// The term with one of its walks as `along`. It has none yet.
Term as_runs(const Term& term, size_t walk);

/// As the mode wants it: a walk along a long axis as runs (the first one), and one along a short axis laid out.
Term settled(Term term, Mode mode);

/// The term with `along` dropped, by taking the hull along it.
Term without_along(const Term& term);

} // namespace rfonnx
