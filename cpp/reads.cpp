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

/// `last` moved down onto the progression, for tables that give any upper bound.
Progression progression(int64_t first, int64_t last, int64_t step) {
    return last < first ? kReadsNothing : Progression{first, last - (last - first) % step, step};
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
    : kind_(Kind::select), axis_(step.axis), length_(static_cast<int64_t>(step.first.size())), select_(&step),
      period_(step.period), shift_(step.shift) {}

std::optional<AxisReads> AxisReads::of(const Step& step) {
    if (const auto* window = std::get_if<Window>(&step))
        return AxisReads(*window);
    if (const auto* spread = std::get_if<Spread>(&step))
        return AxisReads(*spread);
    if (const auto* select = std::get_if<Select>(&step))
        return AxisReads(*select);
    return std::nullopt;
}

Progression AxisReads::window(int64_t o) const {
    const int64_t first = o * stride_ - pad_;
    return {first, first + (kernel_ - 1) * dilation_, dilation_};
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
    if (kind_ == Kind::window)
        return window(o);
    if (kind_ == Kind::spread)
        return spread(o);
    const auto i = static_cast<size_t>(o);
    if (select_->free_first.empty())
        return progression(select_->first[i], select_->last[i], select_->step);
    return progression(select_->free_first[i], select_->free_last[i], select_->step);
}

Progression AxisReads::real(int64_t o, int64_t source_length) const {
    if (kind_ != Kind::select)
        return clipped(free(o), source_length);
    const auto i = static_cast<size_t>(o);
    return clipped(progression(select_->first[i], select_->last[i], select_->step), source_length);
}

} // namespace rfonnx
