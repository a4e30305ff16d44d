/// Hull of a term after steps that only rename positions: permutations, reshapes and broadcasts. All exact.
#pragma once

#include "term.hpp"

namespace rfonnx {

TermPtr permuted(const TermPtr& term, const std::vector<int>& perm);

/// `from` and `to` have the same number of elements. Axes that are merged or split are laid out flat and cut anew; a
/// walk that turns out constant is dropped. Sets `widened` when the flat table would outgrow `kLargestTable`.
TermPtr reshaped(const TermPtr& term, const Shape& from, const Shape& to, Mode mode, bool& widened);

/// The term seen from a tensor of shape `to` that `from` broadcasts to, numpy style.
TermPtr broadcast(const TermPtr& term, const Shape& from, const Shape& to);

/// Axes of two shapes that hold the same elements: [from_begin, from_end) becomes [to_begin, to_end).
struct Group {
    size_t from_begin, from_end, to_begin, to_end;
};

/// Positions along axes [begin, end) laid out flat.
int64_t length_of(const Shape& shape, size_t begin, size_t end);

/// The finest grouping of a reshape. (2,3,4) -> (6,2,2): {0,1 -> 0}, {2 -> 1,2}.
std::vector<Group> groups_of(const Shape& from, const Shape& to);

} // namespace rfonnx
