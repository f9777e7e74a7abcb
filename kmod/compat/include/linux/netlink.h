/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_NETLINK_H
#define SN_COMPAT_LINUX_NETLINK_H

#include_next <linux/netlink.h>

#ifndef HAVE_NL_ERR_ATTR_FMT
#include <linux/atomic.h>
#include <linux/kernel.h>

/*
 * An extack without a buffer of its own points at text that must outlive the handler until the
 * answer is built. A ring of texts does that; it would take SN_EXTACK_TEXTS refusals between a
 * handler's return and its answer for one to read another's, and even then it is whole text.
 */
#define SN_EXTACK_TEXTS 64
#define SN_EXTACK_TEXT_BYTES 80

static inline char *sn_extack_text(void)
{
	static char texts[SN_EXTACK_TEXTS][SN_EXTACK_TEXT_BYTES];
	static atomic_t next = ATOMIC_INIT(0);

	return texts[(u32)atomic_inc_return(&next) % SN_EXTACK_TEXTS];
}

#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, args...) do {	\
	struct netlink_ext_ack *__extack = (extack);			\
									\
	if (__extack) {							\
		char *__text = sn_extack_text();			\
									\
		snprintf(__text, SN_EXTACK_TEXT_BYTES, "" fmt "", ##args); \
		__extack->_msg = __text;				\
		__extack->bad_attr = (attr);				\
		__extack->policy = NULL;				\
	}								\
} while (0)
#endif

#ifndef HAVE_GENL_ERR_FMT
#define NL_SET_ERR_MSG_FMT(extack, fmt, args...) do {			\
	struct netlink_ext_ack *__extack = (extack);			\
									\
	if (__extack) {							\
		char *__text = sn_extack_text();			\
									\
		snprintf(__text, SN_EXTACK_TEXT_BYTES, "" fmt "", ##args); \
		__extack->_msg = __text;				\
	}								\
} while (0)
#endif

#endif
