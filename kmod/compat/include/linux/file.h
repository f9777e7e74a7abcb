/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_FILE_H
#define SN_COMPAT_LINUX_FILE_H

#include_next <linux/file.h>

#ifndef HAVE_FD_FILE
#define fd_file(f) ((f).file)
#define fd_empty(f) (!(f).file)
#endif

#endif
