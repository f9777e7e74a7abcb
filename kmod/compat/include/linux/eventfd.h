/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_EVENTFD_H
#define SN_COMPAT_LINUX_EVENTFD_H

#include_next <linux/eventfd.h>

#ifndef HAVE_EVENTFD_SIGNAL1
#define eventfd_signal(ctx) ((void)eventfd_signal(ctx, 1))
#endif

#endif
