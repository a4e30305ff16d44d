/// What arithmetic.hpp promises, checked by every compiler that builds the core. Nothing is left of it in the binary.
#include "arithmetic.hpp"

namespace rfonnx {

constexpr int64_t kHalf = int64_t{1} << 62; // of the first number that does not fit
constexpr int64_t kLongest = int64_t{1} << 40;

static_assert(add(kMost - 1, 1) == kMost && sum_overflows(kMost, 1) && sum_overflows(1, kMost));
static_assert(add(kLeast + 1, -1) == kLeast && sum_overflows(kLeast, -1) && sum_overflows(-1, kLeast));
static_assert(add(kMost, kLeast) == -1 && add(kMost, 0) == kMost && add(kLeast, 0) == kLeast);
static_assert(sum_overflows(kMost, kMost) && sum_overflows(kLeast, kLeast));

static_assert(subtract(kMost, kMost) == 0 && subtract(kLeast, kLeast) == 0 && subtract(-1, kLeast) == kMost);
static_assert(difference_overflows(0, kLeast) && difference_overflows(kMost, -1) && difference_overflows(kLeast, 1));
static_assert(subtract(kMost, 0) == kMost && subtract(kLeast, 0) == kLeast && subtract(0, kMost) == kLeast + 1);

static_assert(multiply(kMost, 1) == kMost && multiply(kMost, -1) == kLeast + 1 && multiply(-1, kMost) == kLeast + 1);
static_assert(multiply(kLeast, 1) == kLeast && multiply(1, kLeast) == kLeast);
static_assert(product_overflows(kLeast, -1) && product_overflows(-1, kLeast) && product_overflows(kLeast, kLeast));
static_assert(multiply(kHalf, -2) == kLeast && multiply(-2, kHalf) == kLeast && multiply(-kHalf, 2) == kLeast);
static_assert(product_overflows(kHalf, 2) && product_overflows(2, kHalf) && product_overflows(-kHalf, -2));
static_assert(product_overflows(kHalf + 1, -2) && product_overflows(-kHalf - 1, 2) && !product_overflows(kHalf - 1, 2));
static_assert(multiply(kMost, 0) == 0 && multiply(0, kLeast) == 0 && product_overflows(kMost, kMost));
// At the border of what is multiplied without a look at the quotient.
static_assert(multiply(kMost >> 32, kMost >> 32) == kHalf - (int64_t{1} << 32) + 1);
static_assert(multiply(int64_t{1} << 31, int64_t{1} << 31) == kHalf && multiply(-(int64_t{1} << 31), 3) < 0);
static_assert(product_overflows(int64_t{1} << 31, int64_t{1} << 32) && !product_overflows(-kHalf / 3, 6));
static_assert(multiply(3037000499, 3037000499) == 9223372030926249001 && product_overflows(3037000500, 3037000500));

static_assert(magnitude(-3) == 3 && magnitude(kMost) == kMost && magnitude(kLeast + 1) == kMost);

static_assert(floor_divide(-5, 3) == -2 && floor_divide(-6, 3) == -2 && floor_divide(5, 3) == 1);
static_assert(floor_modulo(-5, 3) == 1 && floor_modulo(-6, 3) == 0 && floor_modulo(5, 3) == 2);
static_assert(common_period(4, 6, 100) == 12 && common_period(4, 6, 11) == 11 && common_period(kMost, 2, 9) == 9);
static_assert(floor_divide(kLeast, 1) == kLeast && floor_modulo(kLeast, kMost) == kMost - 1);

static_assert(multiply_modulo(6, 5, 7) == 2 && multiply_modulo(0, 0, 1) == 0);
static_assert(multiply_modulo(kLongest - 1, kLongest - 1, kLongest) == 1); // (m - 1)^2 = m^2 - 2m + 1
static_assert(multiply_modulo(kLongest - 3, kLongest - 5, kLongest) == 15);
static_assert(multiply_modulo(kLongest - 2, (kLongest - 2) / 2, kLongest - 1) == kLongest / 2); // -1 times (m - 1)/2

} // namespace rfonnx
