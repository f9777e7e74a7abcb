/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_ANON_INODES_H
#define SN_COMPAT_LINUX_ANON_INODES_H

#include_next <linux/anon_inodes.h>

#ifndef HAVE_ANON_GETFILE_FMODE
#include <linux/err.h>
#include <linux/fs.h>

static inline struct file *anon_inode_getfile_fmode(const char *name,
						    const struct file_operations *fops,
						    void *priv, int flags, fmode_t f_mode)
{
	struct file *file = anon_inode_getfile(name, fops, priv, flags);

	if (!IS_ERR(file))
		file->f_mode |= f_mode;
	return file;
}
#endif

#endif
