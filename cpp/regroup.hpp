/// Tables laid out flat along axes that a reshape merges, and cut anew into those that it makes.
#pragma once

#include "reindex.hpp"

namespace rfonnx {

/// One group of axes of a reshape.
struct Regrouping {
    const Shape& from;
    const Shape& to;
    const Group& group;
};

/// The term with the walks of the group replaced. Walks [first, last) of the term lie in the group, of `length`
/// positions; there is at least one.
Term regrouped(const Term& term, Regrouping regrouping, size_t first, size_t last, int64_t length);

} // namespace rfonnx
