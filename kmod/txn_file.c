// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that owns a transaction: closing it aborts.
 *
 * Lock: none of its own.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "topology.h"
#include "txn.h"

static int txn_release(struct inode *inode, struct file *file)
{
	sn_txn_free(file->private_data);
	return 0;
}

static const struct file_operations txn_fops = {
	.owner = THIS_MODULE,
	.release = txn_release,
	.llseek = noop_llseek,
};

/**
 * sn_txn_open() - begin a transaction
 * @name: what the structure shall be called after the commit, NULL to keep its name
 * @generation: gets the generation it begins with
 *
 * Context: Process context, may sleep.
 * Return: the file that owns it, or ERR_PTR().
 */
struct file *sn_txn_open(const char *name, u64 *generation)
{
	struct sn_txn *txn;
	struct file *file;

		txn = sn_txn_new();
	if (!txn)
		return ERR_PTR(-ENOMEM);
	if (name) {
		txn->named = true;
		strscpy(txn->name, name, sizeof(txn->name));
	}
	*generation = txn->base->generation;
	file = anon_inode_getfile("[supernode-transaction]", &txn_fops, txn, O_RDWR);
	if (IS_ERR(file))
		sn_txn_free(txn);
	return file;
}

/**
 * sn_txn_from_file() - the transaction that a file owns
 * @file: any file
 *
 * Context: Any.
 * Return: the transaction, valid while @file is held, or NULL when it is some other file.
 */
struct sn_txn *sn_txn_from_file(struct file *file)
{
	return file->f_op == &txn_fops ? file->private_data : NULL;
}
