// SPDX-License-Identifier: Apache-2.0
//
// Included before everything that Verilator writes: signed arithmetic with the processor's own signs. Verilator's
// functions extend a sign in four operations instead of two, multiply and compare with that, and shift with masks; a
// sixth of the overlay's simulation went there.
//
// `bits` and `from` are the width of a value, 1 to as many as its type has; whatever stands above is dropped.

#pragma once

#include "verilated.h"

namespace edge {

static inline int64_t extended(int bits, QData value) {
    return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}

static inline QData shifted_right(int to, int from, QData value, IData amount) {
    return static_cast<QData>(extended(from, value) >> (amount > 63 ? 63 : amount)) & VL_MASK_Q(to);
}

}  // namespace edge

#define VL_EXTENDS_II(to, bits, value) static_cast<IData>(edge::extended(bits, value))
#define VL_EXTENDS_QI(to, bits, value) static_cast<QData>(edge::extended(bits, value))
#define VL_EXTENDS_QQ(to, bits, value) static_cast<QData>(edge::extended(bits, value))
#define VL_MULS_III(bits, a, b) static_cast<IData>(edge::extended(bits, a) * edge::extended(bits, b))
#define VL_MULS_QQQ(bits, a, b) \
    (static_cast<QData>(edge::extended(bits, a)) * static_cast<QData>(edge::extended(bits, b)))
#define VL_LTS_III(bits, a, b) static_cast<IData>(edge::extended(bits, a) < edge::extended(bits, b))
#define VL_GTS_III(bits, a, b) static_cast<IData>(edge::extended(bits, a) > edge::extended(bits, b))
#define VL_SHIFTRS_QQI(to, from, amount_bits, value, amount) edge::shifted_right(to, from, value, amount)
