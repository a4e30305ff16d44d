#include "patch_groups.hpp"

namespace rfonnx {

Moved moved(const std::vector<Side>& sides, const Shape& from, const Shape& to) {
    std::vector<int64_t> turn(sides.size(), 0), counts, position(sides.size());
    for (const Side& side : sides)
        counts.push_back(side.count);
    std::vector<Shape> entries; // by entry, its position before
    Shape low, high;
    do {
        for (size_t k = 0; k < sides.size(); ++k)
            position[k] = sides[k].first + turn[k];
        int64_t rest = flat(position, to);
        Shape old(from.size());
        for (size_t k = from.size(); k-- > 0; rest /= from[k])
            old[k] = rest % from[k];
        low = entries.empty() ? old : low;
        high = entries.empty() ? old : high;
        for (size_t k = 0; k < old.size(); ++k) {
            low[k] = std::min(low[k], old[k]);
            high[k] = std::max(high[k], old[k]);
        }
        entries.push_back(std::move(old));
    } while (advance(turn, counts));
    Moved result;
    Shape extent;
    for (size_t k = 0; k < from.size(); ++k) {
        extent.push_back(high[k] - low[k] + 1);
        result.sides.push_back(from[k] == 1 ? kAlike : Side{low[k], extent[k], false});
    }
    for (Shape& old : entries) {
        for (size_t k = 0; k < old.size(); ++k)
            old[k] -= low[k];
        result.places.push_back(flat(old, extent));
    }
    return result;
}

} // namespace rfonnx
