/* SPDX-License-Identifier: MIT */
/* The host's /nix/store inside, and what a toplevel booted from it needs of an empty root. */
#include "builder.h"

#include <errno.h>
#include <sys/stat.h>

static void add_skeleton(struct builder *b)
{
	static const struct {
		const char *path;
		uint32_t mode;
	} all[] = {
		{"/bin", 0755},     {"/usr/bin", 0755}, {"/etc", 0755},
		{"/var/lib", 0755}, {"/root", 0700},    {"/home", 0755},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		add_directory(b, all[i].path, all[i].mode, "stage 2 fills it");
	add_directory(b, "/nix/var/nix/profiles", 0755, "the machine's own profiles");
	add_directory(b, "/nix/var/nix/gcroots", 0755, "the machine's own roots");
}

static int add_store(struct builder *b)
{
	bool writable = b->spec->store == SPEC_STORE_RW;
	uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	bool map = b->plan->uid_base != 0;
	struct op *op;
	int slot;

	if (map && !b->host->store.idmappable)
		return err_set(
			b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			"cannot show the host's /nix/store: its file system has no id-mapped "
			"mounts; use --private-users=no or identity");
	if (!writable)
		attributes |= MOUNT_ATTR_RDONLY;
	else
		note_add(b, false, "the machine writes to the host's own /nix/store");
	slot = add_stage(b, "/nix/store", attributes, false, map ? OP_IDMAP_RANGE : OP_IDMAP_NONE,
			 writable ? "the host's store" : "the host's store, read-only for good");
	add_directory(b, "/nix/store", 0755, "a mount point");
	op = op_add(b, OP_BIND, PHASE_INSIDE, "programs come from the host's store");
	op->slot = slot;
	op->source = "";
	op->target = "/nix/store";
	return 0;
}

int plan_store(struct builder *b)
{
	if (b->spec->system)
		add_skeleton(b);
	if (b->spec->store == SPEC_STORE_NONE)
		return 0;
	if (!b->host->store.exists)
		return err_set(b->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			       "cannot show the host's /nix/store: there is none");
	return add_store(b);
}
