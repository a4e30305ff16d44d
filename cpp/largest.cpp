#include "largest.hpp"

#include <algorithm>

namespace rfonnx {
namespace {

int64_t middle(const Progression& among) {
    return among.first + among.count() / 2 * among.step;
}

/// Keeps the better of two positions: by size, then by distance from the middle.
class Search {
public:
    Search(const Field& field, const Position& middle)
        : field_(field), middle_(middle), best_{middle, field.at(middle)} {}

    void offer(const Position& position) {
        const Interval value = field_.at(position);
        const int64_t size = size_of(value), best = size_of(best_.value);
        if (size > best || (size == best && distance(position) < distance(best_.position)))
            best_ = {position, value};
    }
    const Largest& best() const { return best_; }

private:
    int64_t distance(const Position& position) const {
        int64_t sum = 0;
        for (size_t axis = 0; axis < position.size(); ++axis)
            sum += magnitude(position[axis] - middle_[axis]);
        return sum;
    }

    const Field& field_;
    Position middle_;
    Largest best_;
};

/// Of a walk that is kept as runs, positions among which the largest interval is, of several the nearest to the middle:
/// where neither end of any column changes its run, sizes are lines in each residue, or the larger of lines.
std::vector<int64_t> among_runs(const Field& field, int axis, const Progression& among) {
    const int64_t count = among.count(), preferred = count / 2;
    std::vector<Bound> bounds;
    std::vector<int64_t> cuts{0, count};
    for (const TermPtr& term : field.terms) {
        for (const ColumnPtr& column : term->columns) {
            if (!column || !term->walks_along(axis))
                continue;
            for (const Bound* bound : {&column->lo, &column->hi}) {
                bounds.push_back(gathered(*bound, among.step, among.first, count));
                for (const Run& run : bounds.back().runs())
                    cuts.push_back(run.begin);
            }
        }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    std::vector<int64_t> positions;
    for (size_t k = 0; k + 1 < cuts.size(); ++k) {
        const int64_t begin = cuts[k], end = cuts[k + 1];
        int64_t period = 1;
        for (const Bound& bound : bounds)
            period = period >= end - begin ? period : std::lcm(period, bound.runs()[bound.find(begin)].period());
        period = std::min(period, end - begin);
        const int64_t near = std::clamp(preferred, begin, end - 1);
        for (const int64_t from : {begin, near - period, end - period}) {
            const int64_t to = from == near - period ? near + period : from + period - 1;
            for (int64_t place = std::max(begin, from); place <= std::min(end - 1, to); ++place)
                positions.push_back(among.first + place * among.step);
        }
    }
    return positions;
}

} // namespace

Box whole(const Shape& shape) {
    Box box;
    for (const int64_t length : shape)
        box.push_back({0, length - 1, 1});
    return box;
}

std::map<int, std::vector<int64_t>> representatives(const Field& field, const Box& box) {
    std::map<int, std::vector<int64_t>> result;
    for (const TermPtr& term : field.terms) {
        if (term->along && result.find(term->along->axis) == result.end())
            result[term->along->axis] =
                among_runs(field, term->along->axis, box[static_cast<size_t>(term->along->axis)]);
    }
    for (const TermPtr& term : field.terms) {
        for (const Walk& walk : term->walks) {
            const Progression& among = box[static_cast<size_t>(walk.axis)];
            std::vector<int64_t>& positions = result[walk.axis];
            const int64_t preferred = middle(among);
            int64_t before = -1; // the slot of the last representative
            for (int64_t p = among.first; p <= among.last;) {
                const int64_t slot = walk.slot(p), alike = std::min(walk.last_alike(p), among.last);
                const int64_t last = p + (alike - p) / among.step * among.step;
                const int64_t nearest = std::clamp(preferred, p, last);
                if (slot != before)
                    positions.push_back(nearest);
                else if (magnitude(nearest - preferred) < magnitude(positions.back() - preferred))
                    positions.back() = nearest;
                before = slot;
                p = last + among.step;
            }
        }
    }
    for (auto& [axis, positions] : result) {
        std::sort(positions.begin(), positions.end());
        positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    }
    return result;
}

Largest largest(const Field& field, const Box& box) {
    Position position;
    for (const Progression& among : box)
        position.push_back(middle(among));
    Search search(field, position);
    const auto axes = representatives(field, box);
    if (visit_combinations(axes, position, [&](const Position& candidate) { search.offer(candidate); }))
        return search.best();
    for (const auto& [axis, positions] : axes) {
        Position candidate = search.best().position;
        for (const int64_t p : positions) {
            candidate[static_cast<size_t>(axis)] = p;
            search.offer(candidate);
        }
    }
    return search.best();
}

} // namespace rfonnx
