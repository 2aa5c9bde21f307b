/* SPDX-License-Identifier: MIT */
/* The user namespace: which range of ids, and whose the tree is. nspawn.md 3.13. */
#include "../base/siphash.h"
#include "builder.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* The range systemd sets aside for containers (docs/UIDS-GIDS of systemd). */
#define BASE_MIN   UINT32_C(0x00080000)
#define BASE_MAX   UINT32_C(0x6FFF0000)
#define RANGE_SIZE UINT32_C(0x00010000)

/* nspawn's own key: the same name gets the same range from both. */
static const uint8_t pick_key[16] = {0xe1, 0x56, 0xe0, 0xf0, 0x4a, 0xf0, 0x41, 0xaf,
				     0x96, 0x41, 0xcf, 0x41, 0x33, 0x94, 0xff, 0x72};

static bool is_range(uint32_t base)
{
	return base >= BASE_MIN && base <= BASE_MAX && base % RANGE_SIZE == 0;
}

static bool is_taken(const struct host *host, uint32_t base)
{
	for (size_t i = 0; i < host->uid_taken_count; i++) {
		if (host->uid_taken[i] == base)
			return true;
	}
	return false;
}

static uint32_t range_from(uint64_t number)
{
	return (uint32_t)(number % (BASE_MAX - BASE_MIN) + BASE_MIN) & ~(RANGE_SIZE - 1);
}

/* The tree's owner, then the name's hash, then ranges that follow from a random start. */
static int pick_base(const struct builder *b, uint32_t *base)
{
	const struct host *host = b->host;
	uint32_t owner = (uint32_t)host->tree.status.st_uid & ~(RANGE_SIZE - 1);
	uint64_t hash = siphash24(b->plan->name, strlen(b->plan->name), pick_key);

	if (host->tree.path && is_range(owner) && !is_taken(host, owner)) {
		*base = owner;
		return 0;
	}
	*base = range_from(hash);
	for (uint64_t i = 0; i < 100 && is_taken(host, *base); i++)
		*base = range_from(host->uid_random + i * UINT64_C(0x9E3779B1));
	if (is_taken(host, *base))
		return err_set(b->error, FLOE_ERROR_BUSY, EBUSY,
			       "cannot find a free uid range after 100 tries; name one with "
			       "--private-users=BASE");
	return 0;
}

static int choose_range(struct builder *b)
{
	struct plan *plan = b->plan;
	const struct spec *spec = b->spec;

	plan->user_namespace = true;
	plan->uid_count = spec->uid_count ? spec->uid_count : RANGE_SIZE;
	switch (spec->userns) {
	case SPEC_USERNS_PICK:
		return pick_base(b, &plan->uid_base);
	case SPEC_USERNS_FIXED:
		plan->uid_base = spec->uid_base;
		return 0;
	case SPEC_USERNS_OWNER:
		plan->uid_base = (uint32_t)b->host->tree.status.st_uid & ~(RANGE_SIZE - 1);
		return 0;
	case SPEC_USERNS_IDENTITY:
	case SPEC_USERNS_NO:
		break;
	}
	plan->uid_base = 0;
	return 0;
}

static void add_uid_lock(struct builder *b)
{
	struct op *op = op_add(b, OP_LOCK_UIDS, PHASE_BEFORE, "no other machine gets these ids");

	op->id = b->plan->uid_base;
	/* Where there is no systemd nobody else keeps these directories. */
	trace_add(b, TRACE_DIRECTORY, "/run/systemd");
	trace_add(b, TRACE_DIRECTORY, "/run/systemd/nspawn-uid");
	op->source = text(b, "/run/systemd/nspawn-uid/%u", b->plan->uid_base);
	trace_add(b, TRACE_LOCK, op->source);
}

static void add_chown(struct builder *b)
{
	struct op *op =
		op_add(b, OP_CHOWN_TREE, PHASE_BEFORE, "its files belong to the machine's range");

	op->source = b->host->tree.path;
	op->id = b->plan->uid_base;
}

/* Why the tree's ids cannot be mapped into the range. */
static const char *why_not_mapped(const struct host_tree *tree)
{
	return tree->status.st_uid >= RANGE_SIZE ? "its files belong to another uid range"
						 : "its file system has no id-mapped mounts";
}

/* Whether the tree is to stay as it is. */
static bool keeps_tree(const struct builder *b)
{
	return b->host->tree.read_only || b->spec->read_only ||
	       b->spec->ephemeral != SPEC_EPHEMERAL_NO ||
	       b->spec->volatile_mode != SPEC_VOLATILE_NO;
}

static int chown_or_refuse(struct builder *b, bool asked)
{
	const struct host_tree *tree = &b->host->tree;

	if (keeps_tree(b))
		return err_set(
			b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			"cannot give %s to the uid range from %u: %s, and the tree is not to "
			"be changed; use --private-users=no, or copy it to another file "
			"system",
			tree->path, b->plan->uid_base, why_not_mapped(tree));
	if (b->plan->uid_base % RANGE_SIZE != 0 || b->plan->uid_count != RANGE_SIZE)
		return err_usage(b->error,
				 "--private-users-ownership=chown needs a range of 65536 ids that "
				 "begins at a multiple of 65536");
	if (!asked)
		note_add(
			b, false,
			"the ids of %s cannot be mapped (%s): its files are given to the uid range "
			"from %u, once",
			tree->path, why_not_mapped(tree), b->plan->uid_base);
	add_chown(b);
	return 0;
}

static int choose_ownership(struct builder *b)
{
	const struct host_tree *tree = &b->host->tree;
	uint32_t base = b->plan->uid_base;
	uint32_t owner = (uint32_t)tree->status.st_uid & ~(RANGE_SIZE - 1);
	enum spec_ownership wanted = b->spec->ownership;

	if (!tree->path || base == 0)
		return 0;
	if (wanted == SPEC_OWNERSHIP_CHOWN)
		return chown_or_refuse(b, true);
	if (wanted == SPEC_OWNERSHIP_OFF || (wanted == SPEC_OWNERSHIP_AUTO && owner == base))
		return 0;
	if (tree->idmappable && owner == 0) {
		b->idmap_root = true;
		return 0;
	}
	if (wanted == SPEC_OWNERSHIP_MAP)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot map the ids of %s: %s", tree->path, why_not_mapped(tree));
	return chown_or_refuse(b, false);
}

int plan_user(struct builder *b)
{
	int r;

	if (b->spec->userns == SPEC_USERNS_NO) {
		note_add(b, false,
			 "no user namespace: root inside is root outside, held back only by "
			 "capabilities, the system call filter and the device policy");
		return 0;
	}
	if (!b->host->has_user_namespace)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "this kernel has no user namespaces (CONFIG_USER_NS, or "
			       "user.max_user_namespaces is 0); use --private-users=no");
	r = choose_range(b);
	if (r < 0)
		return r;
	b->plan->clone_flags |= CLONE_NEWUSER;
	if (b->plan->uid_base != 0)
		add_uid_lock(b);
	return choose_ownership(b);
}
