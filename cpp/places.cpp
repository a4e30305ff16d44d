#include "places.hpp"

namespace rfonnx {

Places places_of(std::vector<Run> runs) {
    Bound result;
    for (Run& run : runs) {
        const bool fits =
            run.period() >= 1 && run.period() <= run.length() && run.values.size() == run.increments.size();
        if (!fits)
            throw std::invalid_argument(
                "a run needs a position or more, and at most as many values, each with an increment");
        for (int64_t r = 0; r < run.period(); ++r) {
            if (run.turns(r) == 1)
                run.increments[static_cast<size_t>(r)] = 0;
            run.last(r); // all between it and the first fit, too
        }
        result.append(std::move(run));
    }
    return Places(std::move(result));
}

} // namespace rfonnx
