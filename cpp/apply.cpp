#include "apply.hpp"

#include "reads.hpp"
#include "reindex.hpp"
#include "slide.hpp"

namespace rfonnx {
namespace {

struct Applying {
    const Shape& before;
    bool unbounded;

    AppliedStep operator()(const AxisReads& reads) const {
        if (reads.length() <= kLargestTable)
            return Slide(reads, before[static_cast<size_t>(reads.axis())], unbounded);
        // No table could hold the output axis: every position is taken to read the whole axis.
        return [axis = reads.axis()](const TermPtr& term, bool& widened) {
            widened = true;
            return reduced(term, {axis});
        };
    }
    AppliedStep operator()(const Reduce& step) const {
        return [&step](const TermPtr& term, bool&) { return reduced(term, step.axes); };
    }
    AppliedStep operator()(const Band& step) const {
        return [&step, shape = before](const TermPtr& term, bool&) { return banded(term, step, shape); };
    }
    AppliedStep operator()(const Permute& step) const {
        return [&step](const TermPtr& term, bool&) { return permuted(term, step.perm); };
    }
    AppliedStep operator()(const Reshape& step) const {
        return [&step, from = before](const TermPtr& term, bool& widened) {
            return reshaped(term, from, step.shape, widened);
        };
    }
};

} // namespace

AppliedStep applied(const Step& step, const Shape& before, bool unbounded) {
    return visit_step(step, Applying{before, unbounded});
}

} // namespace rfonnx
