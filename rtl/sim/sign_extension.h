// SPDX-License-Identifier: Apache-2.0
//
// Included before everything that Verilator writes: sign extension in two shifts instead of the four operations of
// Verilator's own functions, in which a seventh of the overlay's simulation went. `bits` is the width of `value`, 1 to
// as many as its type has; whatever stands above them is dropped.

#pragma once

#include "verilated.h"

#define VL_EXTENDS_II(to, bits, value) ((IData)((int32_t)((IData)(value) << (32 - (bits))) >> (32 - (bits))))
#define VL_EXTENDS_QI(to, bits, value) ((QData)((int64_t)((QData)(value) << (64 - (bits))) >> (64 - (bits))))
#define VL_EXTENDS_QQ(to, bits, value) VL_EXTENDS_QI(to, bits, value)
