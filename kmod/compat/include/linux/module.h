/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_MODULE_H
#define SN_COMPAT_LINUX_MODULE_H

#include_next <linux/module.h>

/* The namespace is a string in newer kernels; there the old definition would quote it twice. */
#ifdef HAVE_IMPORT_NS_TOKEN
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

#endif
