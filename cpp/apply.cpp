#include "apply.hpp"

#include "reindex.hpp"

namespace rfonnx {

Applied::Applied(const Step& step, const Shape& before, bool unbounded) : step_(step), before_(before) {
    const auto reads = AxisReads::of(step);
    if (reads && reads->length() > kLargestTable) {
        too_long_ = true;
    } else if (reads) {
        slide_.emplace(*reads, before[static_cast<size_t>(reads->axis())], unbounded);
    }
}

TermPtr Applied::operator()(const TermPtr& term, bool& widened) const {
    if (slide_)
        return (*slide_)(term, widened);
    if (too_long_) {
        widened = true;
        return reduced(term, {AxisReads::of(step_)->axis()});
    }
    if (const auto* reduce = std::get_if<Reduce>(&step_))
        return reduced(term, reduce->axes);
    if (const auto* band = std::get_if<Band>(&step_))
        return banded(term, *band, before_);
    if (const auto* permute = std::get_if<Permute>(&step_))
        return permuted(term, permute->perm);
    return reshaped(term, before_, std::get<Reshape>(step_).shape, widened);
}

} // namespace rfonnx
