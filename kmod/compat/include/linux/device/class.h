/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_DEVICE_CLASS_H
#define SN_COMPAT_LINUX_DEVICE_CLASS_H

#include_next <linux/device/class.h>

#ifndef HAVE_CLASS_CREATE1
#undef class_create
#define class_create(name)						\
({									\
	static struct lock_class_key __key;				\
	__class_create(THIS_MODULE, name, &__key);			\
})
#endif

#endif
