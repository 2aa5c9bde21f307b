/* SPDX-License-Identifier: MIT */
/* Inodes that were met, for files with several links: a tree is on one file system. */
#include "inodes.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define FIRST_SIZE 256

/* Where NUMBER is or goes. */
static struct inode *find(const struct inodes *inodes, ino_t number)
{
	size_t i = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (inodes->size - 1);

	while (inodes->slots[i].number && inodes->slots[i].number != number)
		i = (i + 1) & (inodes->size - 1);
	return &inodes->slots[i];
}

static int grow(struct inodes *inodes)
{
	struct inodes grown = {
		.size = inodes->size ? 2 * inodes->size : FIRST_SIZE,
		.used = inodes->used,
	};

	grown.slots = calloc(grown.size, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < inodes->size; i++)
		if (inodes->slots[i].number)
			*find(&grown, inodes->slots[i].number) = inodes->slots[i];
	free(inodes->slots);
	*inodes = grown;
	return 0;
}

int inodes_add(struct inodes *inodes, ino_t number, const char *path, const char **known)
{
	struct inode *slot;

	if (2 * inodes->used >= inodes->size && grow(inodes) < 0)
		return -ENOMEM;
	slot = find(inodes, number);
	if (slot->number) {
		*known = slot->path;
		return 0;
	}
	*slot = (struct inode){number, path};
	inodes->used++;
	return 1;
}

void inodes_free(struct inodes *inodes)
{
	free(inodes->slots);
	*inodes = (struct inodes){0};
}
