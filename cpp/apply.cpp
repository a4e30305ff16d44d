#include "apply.hpp"

#include "band.hpp"
#include "reads.hpp"
#include "reindex.hpp"
#include "slide.hpp"

namespace rfonnx {
namespace {

struct Applying {
    const Shape& before;
    Mode mode;

    AppliedStep operator()(const AxisReads& reads) const {
        return Slide(reads, before[static_cast<size_t>(reads.axis())], mode);
    }
    AppliedStep operator()(const Reduce& step) const {
        return [&step](const TermPtr& term, bool&) { return reduced(term, step.axes); };
    }
    AppliedStep operator()(const Band& step) const {
        return [&step, shape = before, mode = mode](const TermPtr& term, bool& widened) {
            return banded(term, step, shape, mode, widened);
        };
    }
    AppliedStep operator()(const Permute& step) const {
        return [&step](const TermPtr& term, bool&) { return permuted(term, step.perm); };
    }
    AppliedStep operator()(const Reshape& step) const {
        return [&step, from = before, mode = mode](const TermPtr& term, bool& widened) {
            return reshaped(term, from, step.shape, mode, widened);
        };
    }
};

} // namespace

AppliedStep applied(const Step& step, const Shape& before, Mode mode) {
    return visit_step(step, Applying{before, mode});
}

} // namespace rfonnx
