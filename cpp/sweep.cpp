#include "sweep.hpp"

namespace rfonnx {

std::vector<Sweep> sweeps_of(const AxisReads& reads, bool free) {
    const int64_t length = reads.length();
    if (length == 0)
        return {};
    if (!reads.is_select() && reads.period() == 1 && reads.shift() == 1)
        return {{0, length - 1, reads.free(0)}};
    std::vector<Sweep> sweeps;
    for (int64_t o = 0; o < length; ++o) {
        if (o > 0 && reads.moves_on(o, free))
            sweeps.back().last = o;
        else
            sweeps.push_back({o, o, free ? reads.free(o) : reads.unclipped(o)});
    }
    return sweeps;
}

} // namespace rfonnx
