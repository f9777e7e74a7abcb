/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_WORKQUEUE_H
#define SN_COMPAT_LINUX_WORKQUEUE_H

#include_next <linux/workqueue.h>

/* A queue was per CPU unless it said otherwise, before it had to say so. */
#ifndef HAVE_WQ_PERCPU
#define WQ_PERCPU 0
#endif

#ifndef HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq system_wq
#endif

#ifndef HAVE_SYSTEM_DFL_WQ
#define system_dfl_wq system_unbound_wq
#endif

#ifndef HAVE_FROM_WORK
#define from_work(var, work, field) container_of(work, typeof(*(var)), field)
#endif

#endif
