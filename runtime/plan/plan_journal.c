/* SPDX-License-Identifier: MIT */
/* --link-journal: the machine's journal seen from the host, or kept there. nspawn.md 3.11. */
#include "builder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int bind_journal(struct builder *b, const char *path)
{
	int slot = add_stage(b, path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
			     false, b->idmap_root ? OP_IDMAP_RANGE : OP_IDMAP_NONE,
			     "its journal is kept on the host");

	add_directory(b, path, 0755, "a mount point");
	add_bind(b, slot, "", path, "its journal is kept on the host");
	return 0;
}

static int keep_on_host(struct builder *b, const char *path)
{
	struct op *op = op_add(b, OP_MAKE_DIR, PHASE_BEFORE, "its journal is kept on the host");

	op->source = path;
	op->mode = 0755;
	op->flags = 1;
	op->id = b->idmap_root ? 0 : b->plan->uid_base;
	return bind_journal(b, path);
}

static int link_to_guest(struct builder *b, const char *path)
{
	struct op *op = op_add(b, OP_LINK_JOURNAL, PHASE_BEFORE, "the host can read its journal");

	op->source = path;
	op->text = text(b, "%s%s", b->host->tree.path, path);
	add_directory(b, path, 0755, "where the link leads");
	return 0;
}

/* What cannot be is an error only for the modes that insist. */
static int no_link(struct builder *b, bool insist, const char *why)
{
	if (!insist)
		return 0;
	return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
		       "cannot link the machine's journal: %s; use --link-journal=no", why);
}

int plan_journal(struct builder *b)
{
	const struct host *host = b->host;
	enum spec_journal mode = b->spec->journal;
	bool insist = mode == SPEC_JOURNAL_HOST || mode == SPEC_JOURNAL_GUEST;
	bool guest = mode == SPEC_JOURNAL_GUEST || mode == SPEC_JOURNAL_TRY_GUEST;
	const char *path;

	if (mode == SPEC_JOURNAL_NO || (b->spec->ephemeral != SPEC_EPHEMERAL_NO && !insist))
		return 0;
	if (!host->tree.path || !host->tree.machine_id)
		return no_link(b, insist, "the tree has no machine-id yet");
	if (!host->journal_dir)
		return no_link(b, insist, "the host keeps no journal in /var/log/journal");
	if (host->machine_id && strcmp(host->machine_id, host->tree.machine_id) == 0)
		return no_link(b, insist, "the tree has the host's own machine-id");
	path = text(b, "%s/%s", host->journal_dir, host->tree.machine_id);
	if (mode == SPEC_JOURNAL_AUTO)
		return S_ISDIR(host->journal_mode) ? bind_journal(b, path) : 0;
	if (!guest)
		return keep_on_host(b, path);
	if (S_ISDIR(host->journal_mode))
		return no_link(b, insist, "the host has a directory where the link would be");
	return link_to_guest(b, path);
}
