#include "read_classes.hpp"

#include <algorithm>
#include <numeric>

namespace rfonnx {

int64_t ReadClasses::find(const Progression& wanted, std::vector<int64_t>& slots) const {
    slots.clear();
    if (wanted.empty())
        return kMost;
    if (wanted.first >= 0 && wanted.last < length_) {
        const Classes::Run& run = walk_.classes->at(wanted.first);
        if (wanted.last <= run.last) {
            slots.push_back(run.slot);
            return run.last - wanted.last + 1;
        }
    }
    if (walk_.period > 0) {
        // The classes go on beyond the ends; after so many reads they come around again.
        const int64_t round = walk_.period / std::gcd(walk_.period, wanted.step);
        for (int64_t k = 0; k < std::min(round, wanted.count()); ++k)
            slots.push_back(walk_.slot(floor_modulo(wanted.first + k * wanted.step, walk_.period)));
    } else {
        const Progression reads = clipped(wanted, length_);
        for (int64_t p = reads.first; p <= reads.last;) {
            const Classes::Run& run = walk_.classes->at(p);
            slots.push_back(run.slot);
            p += (run.last - p + reads.step) / reads.step * reads.step; // on to the first read behind the run
        }
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return 1;
}

int64_t ClassSets::name(const std::vector<int64_t>& set) {
    int64_t& name = set.empty()       ? empty_
                    : set.size() == 1 ? singles_[index(set[0])]
                                      : larger_.emplace(set, kNone).first->second;
    if (name == kNone) {
        name = static_cast<int64_t>(sets_.size());
        sets_.push_back(set);
    }
    return name;
}

} // namespace rfonnx
