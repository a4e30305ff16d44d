#include "cover.hpp"

namespace rfonnx {

Cover<Interval> laid_out(const Field& field, const Shape& shape) {
    std::vector<bool> walked(shape.size(), false);
    for (const TermPtr& term : field.terms) {
        for (const Walk& walk : term->walks)
            walked[static_cast<size_t>(walk.axis)] = true;
        if (term->along)
            walked[static_cast<size_t>(term->along->axis)] = true;
    }
    Cover<Interval> cover;
    int64_t size = 1;
    for (size_t k = 0; k < shape.size(); ++k) {
        cover.extent.push_back(walked[k] ? shape[k] : std::min(shape[k], int64_t{1}));
        size = multiply(size, cover.extent.back());
    }
    if (size > kLargestCover)
        throw std::length_error("the interval table is too large to lay out; ask for a box");
    std::vector<int64_t> position(shape.size(), 0);
    for (int64_t entry = 0; entry < size; ++entry) {
        cover.values.push_back(field.at(position));
        advance(position, cover.extent);
    }
    return cover;
}

} // namespace rfonnx
