/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The one place where the core meets its two worlds, the kernel and user space: fixed-width types,
 * errno values, the mem* functions, and arithmetic that both must do alike. 64-bit only.
 *
 * Every core object is flat: the caller asks sn_x_bytes(limits), gives that much zero-or-not memory
 * aligned to 8 bytes to sn_x_init(), and owns it. There are indices inside and no pointers, so a
 * memcpy() of it is a snapshot. Nothing here locks: one caller at a time, the caller sees to it.
 * A call that returns an error has changed nothing.
 */
#ifndef SN_CORE_BASE_H
#define SN_CORE_BASE_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#ifdef __cplusplus
#define SN_C_BEGIN extern "C" {
#define SN_C_END }
#else
#define SN_C_BEGIN
#define SN_C_END
_Static_assert(sizeof(void *) == 8, "supernode is 64-bit only");
#endif

/* "No such index", and the largest numbers. */
#define SN_NONE ((u32)0xffffffffu)
#define SN_U64_MAX (~(u64)0)

static inline u64 sn_min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 sn_max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

static inline u64 sn_add_sat_u64(u64 a, u64 b)
{
	return a > SN_U64_MAX - b ? SN_U64_MAX : a + b;
}

/**
 * sn_mul_div_u64() - value * mul / div without overflow on the way
 * @value: any number
 * @mul: factor
 * @div: divisor, not 0
 *
 * Context: Any. The core divides 64-bit numbers here and nowhere else.
 * Return: the quotient, rounded down; SN_U64_MAX when it does not fit.
 */
static inline u64 sn_mul_div_u64(u64 value, u32 mul, u32 div)
{
	u64 whole = value / div;
	u64 rest = value % div * mul / div;

	if (mul && whole > SN_U64_MAX / mul)
		return SN_U64_MAX;
	return sn_add_sat_u64(whole * mul, rest);
}

/*
 * Lay out flat memory: put @count objects of @bytes each at the next multiple of 8 from *@end on,
 * and return their offset. Counts are u32 and objects small: this cannot overflow 64 bits.
 */
static inline size_t sn_layout(size_t *end, u32 count, size_t bytes)
{
	size_t at = (*end + 7) & ~(size_t)7;

	*end = at + (size_t)count * bytes;
	return at;
}

static inline bool sn_is_aligned(const void *mem)
{
	return ((size_t)mem & 7) == 0;
}

#endif
