#include "reads.hpp"

#include <tuple>

namespace rfonnx {
namespace {

/// x with a*x = 1 (mod m), for coprime a and m; 0 when m is 1. Extended Euclid.
int64_t inverse_modulo(int64_t a, int64_t m) {
    int64_t previous = 0, current = 1, remainder = m, divisor = a % m;
    while (divisor > 0) {
        const int64_t quotient = remainder / divisor;
        std::tie(remainder, divisor) = std::make_pair(divisor, remainder - quotient * divisor);
        std::tie(previous, current) = std::make_pair(current, previous - quotient * current);
    }
    return m == 1 ? 0 : floor_modulo(previous, m);
}

} // namespace

Progression clipped(Progression reads, int64_t length) {
    if (reads.empty())
        return kReadsNothing;
    if (reads.first < 0)
        reads.first = floor_modulo(reads.first, reads.step);
    if (reads.last >= length)
        reads.last = length - 1 - floor_modulo(length - 1 - reads.last, reads.step);
    return reads.empty() ? kReadsNothing : reads;
}

AxisReads::AxisReads(const Window& step)
    : kind_(Kind::window), axis_(step.axis), length_(step.length), kernel_(step.kernel), stride_(step.stride),
      dilation_(step.dilation), pad_(step.pad), period_(1), shift_(step.stride) {}

AxisReads::AxisReads(const Spread& step)
    : kind_(Kind::spread), axis_(step.axis), length_(step.length), kernel_(step.kernel), stride_(step.stride),
      dilation_(step.dilation), pad_(step.pad), period_(step.stride), shift_(1),
      common_(std::gcd(step.stride, step.dilation)),
      inverse_(inverse_modulo(step.dilation / common_, step.stride / common_)) {}

AxisReads::AxisReads(const Select& step)
    : kind_(Kind::select), axis_(step.axis), length_(step.first.size()), select_(&step), period_(step.period),
      shift_(step.shift) {}

Progression AxisReads::window(int64_t o) const {
    const int64_t first = o * stride_ - pad_;
    return {first, first + (kernel_ - 1) * dilation_, dilation_};
}

/// `last` is moved down onto the progression, for tables that give any upper bound.
Progression AxisReads::looked_up(int64_t o, bool free) const {
    const int64_t first = firsts(free)[o], last = lasts(free)[o], step = select_->step;
    return last < first ? kReadsNothing : Progression{first, last - (last - first) % step, step};
}

/// The taps t that reach o are those with (o + pad - t*dilation) divisible by the stride: t = t0, t0 + stride/common,
/// ... Each further tap reads dilation/common positions earlier. (`validate` keeps strides within 2^40, as
/// multiply_modulo wants.)
Progression AxisReads::spread(int64_t o) const {
    const int64_t reach = o + pad_;
    if (floor_modulo(reach, common_) != 0)
        return kReadsNothing;
    const int64_t taps_apart = stride_ / common_;
    const int64_t t0 = multiply_modulo(floor_modulo(reach / common_, taps_apart), inverse_, taps_apart);
    if (t0 >= kernel_)
        return kReadsNothing;
    const int64_t more = (kernel_ - 1 - t0) / taps_apart;
    const int64_t last = (reach - t0 * dilation_) / stride_;
    const int64_t step = dilation_ / common_;
    return {last - more * step, last, step};
}

Progression AxisReads::free(int64_t o) const {
    switch (kind_) {
    case Kind::window:
        return window(o);
    case Kind::spread:
        return spread(o);
    case Kind::select:
        break;
    }
    return looked_up(o, true);
}

Progression AxisReads::real(int64_t o, int64_t source_length) const {
    return clipped(unclipped(o), source_length);
}

Progression AxisReads::unclipped(int64_t o) const {
    return kind_ == Kind::select ? looked_up(o, false) : free(o);
}

bool AxisReads::moves_on(int64_t o, bool free) const {
    if (kind_ != Kind::select || in_runs(free))
        return false;
    const int64_t* first = firsts(free).table().data() + o;
    const int64_t* last = lasts(free).table().data() + o;
    const bool nothing = *last < *first, nothing_before = last[-1] < first[-1];
    if (nothing || nothing_before)
        return nothing && nothing_before;
    return *first - 1 == first[-1] && *last - 1 == last[-1];
}

int64_t AxisReads::kernel(int64_t o) const {
    return kind_ == Kind::select ? std::max<int64_t>(free(o).count(), 1) : kernel_;
}

int64_t AxisReads::dilation(int64_t o) const {
    return kind_ != Kind::select ? dilation_ : kernel(o) > 1 ? select_->step : 1;
}

} // namespace rfonnx
