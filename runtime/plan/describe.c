/* SPDX-License-Identifier: MIT */
/* An op as a verb phrase, for printed plans and for error messages. */
#include "../base/cleanup.h"
#include "phrase.h"

#include <linux/mount.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

void say(struct phrase *p, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(p->text + p->used, p->size - p->used, format, arguments);
	va_end(arguments);
	if (length > 0)
		p->used += (size_t)length;
	if (p->used >= p->size)
		p->used = p->size - 1;
}

static const struct {
	uint64_t bit;
	const char *name;
} attribute_names[] = {
	{MOUNT_ATTR_RDONLY, "ro"},       {MOUNT_ATTR_NOSUID, "nosuid"},
	{MOUNT_ATTR_NODEV, "nodev"},     {MOUNT_ATTR_NOEXEC, "noexec"},
	{MOUNT_ATTR_NOATIME, "noatime"}, {MOUNT_ATTR_STRICTATIME, "strictatime"},
};

static void say_word(struct phrase *p, const char *word, bool *first)
{
	say(p, "%s%s", *first ? " (" : ", ", word);
	*first = false;
}

/* " (ro, nosuid, mode=0755)", or nothing. */
static void say_options(struct phrase *p, const struct op *op)
{
	bool first = true;

	for (size_t i = 0; i < ARRAY_SIZE(attribute_names); i++) {
		if (op->attributes & attribute_names[i].bit)
			say_word(p, attribute_names[i].name, &first);
	}
	if (op->clear & MOUNT_ATTR_RDONLY)
		say_word(p, "rw", &first);
	for (const char *at = op->options; at && *at; at += strspn(at, ",")) {
		size_t length = strcspn(at, ",");

		say(p, "%s%.*s", first ? " (" : ", ", (int)length, at);
		first = false;
		at += length;
	}
	if (op->recursive)
		say_word(p, "recursive", &first);
	if (op->idmap == OP_IDMAP_RANGE)
		say_word(p, "ids mapped", &first);
	if (op->idmap == OP_IDMAP_OWNER)
		say_word(p, "owner mapped", &first);
	say(p, "%s", first ? "" : ")");
}

static void describe_stage_tree(struct phrase *p, const struct op *op)
{
	say(p, "stage %s%s as #%d", op->source, op->target ? op->target : "", op->slot);
	say_options(p, op);
}

static void describe_stage_new(struct phrase *p, const struct op *op)
{
	say(p, "stage a new %s as #%d", op->type, op->slot);
	say_options(p, op);
}

static void describe_stage_dead(struct phrase *p, const struct op *op)
{
	say(p, "stage the %s of a dead namespace as #%d", op->type, op->slot);
	say_options(p, op);
}

static void describe_stage_closure(struct phrase *p, const struct op *op)
{
	say(p, "stage a layer that shows %llu store paths as #%d", (unsigned long long)op->flags,
	    op->slot);
}

static void describe_load_store(struct phrase *p, const struct op *op)
{
	say(p, "register %llu store paths with %s", (unsigned long long)op->number[0], op->source);
	if (op->flags)
		say(p, " and forget what is gone");
}

static void describe_stage_base(struct phrase *p, const struct op *op)
{
	say(p, "cover %s with a private tmpfs", op->source);
	say_options(p, op);
}

static void describe_stage_point(struct phrase *p, const struct op *op)
{
	say(p, "make sure of %s %s in %s", op->flags == S_IFREG ? "file" : "directory", op->target,
	    op->source);
}

static void describe_stage_cover(struct phrase *p, const struct op *op)
{
	say(p, "cover %s of #%d", op->target, op->slot);
}

static void describe_mount(struct phrase *p, const struct op *op)
{
	say(p, "mount %s on %s", op->type, op->target ? op->target : "/");
	say_options(p, op);
}

static void say_layers(struct phrase *p, const struct op *op)
{
	for (size_t i = 0; i < op->layer_count; i++)
		say(p, "%s #%d", i ? " over" : "", op->layers[i]);
	if (op->upper >= 0)
		say(p, " with changes in #%d", op->upper);
}

static void describe_overlay(struct phrase *p, const struct op *op)
{
	say(p, "mount an overlay of");
	say_layers(p, op);
	say(p, " on %s", *op->target ? op->target : "/");
	say_options(p, op);
}

static void describe_stage_overlay(struct phrase *p, const struct op *op)
{
	say(p, "stage an overlay of");
	say_layers(p, op);
	say(p, " as #%d", op->slot);
	say_options(p, op);
}

static void describe_bind(struct phrase *p, const struct op *op)
{
	if (*op->source)
		say(p, "bind %s of #%d on %s", op->source, op->slot, op->target);
	else
		say(p, "bind #%d on %s", op->slot, op->target);
	say_options(p, op);
}

static void describe_bind_inside(struct phrase *p, const struct op *op)
{
	if (strcmp(op->source, op->target) == 0)
		say(p, "bind %s on itself", op->target);
	else
		say(p, "bind %s on %s", op->source, op->target);
	say_options(p, op);
}

static void describe_attributes(struct phrase *p, const struct op *op)
{
	say(p, "change the mount on %s", op->target);
	say_options(p, op);
}

static void describe_node(struct phrase *p, const struct op *op)
{
	const char *type = op->flags == S_IFCHR    ? "device node"
			   : op->flags == S_IFIFO  ? "fifo"
			   : op->flags == S_IFSOCK ? "socket"
						   : "file";

	say(p, "make the %s %s", type, op->target);
}

static void describe_rlimit(struct phrase *p, const struct op *op)
{
	say(p, "limit %s to", op->text);
	for (int i = 0; i < 2; i++) {
		say(p, "%s", i ? ":" : " ");
		if (op->number[i] == (uint64_t)RLIM_INFINITY)
			say(p, "infinity");
		else
			say(p, "%llu", (unsigned long long)op->number[i]);
	}
}

static void describe_secret(struct phrase *p, const struct op *op)
{
	say(p, "read the credential %s", op->text);
	if (op->source)
		say(p, " from %s", op->source);
}

static void describe_make_dir(struct phrase *p, const struct op *op)
{
	say(p, "make the directory %s (mode %04o, owner %u)", op->source, op->mode, op->id);
}

static void describe_user(struct phrase *p, const struct op *op)
{
	say(p, "become user %s (%u:%u)", op->text, op->id, (unsigned)op->flags);
}

static void describe_close(struct phrase *p, const struct op *op)
{
	say(p, "close all descriptors above %u at exec", 2 + (unsigned)op->flags);
}

/* How a kind is said: by a format for one string of the op, or by a function. */
struct wording {
	const char *name; /* in JSON */
	const char *format;
	enum { NOTHING, SOURCE, TARGET, TEXT, TWO_PATHS, TEXT_SOURCE, MODE_TARGET } what;
	void (*describe)(struct phrase *, const struct op *);
};

static const struct wording wordings[OP_COUNT] = {
	[OP_CLAIM_NAME] = {"claim-name", "claim the name %s", TEXT, NULL},
	[OP_LOCK_IMAGE] = {"lock-image", "lock %s", SOURCE, NULL},
	[OP_LOCK_UIDS] = {"lock-uids", "lock the uid range by %s", SOURCE, NULL},
	[OP_MAKE_DIR] = {"make-directory", NULL, NOTHING, describe_make_dir},
	[OP_COPY_TREE] = {"copy-tree", "copy %s to %s", TWO_PATHS, NULL},
	[OP_SNAPSHOT_TREE] = {"snapshot-tree", "snapshot %s as %s", TWO_PATHS, NULL},
	[OP_CHOWN_TREE] = {"chown-tree", "give all files of %s to the uid range", SOURCE, NULL},
	[OP_READ_SECRET] = {"read-credential", NULL, NOTHING, describe_secret},
	[OP_CGROUP_MOUNT] = {"mount-cgroup", "mount cgroup2 on %s", SOURCE, NULL},
	[OP_CGROUP_MAKE] = {"make-cgroup", "make the cgroup %s", SOURCE, NULL},
	[OP_CGROUP_SET] = {"set-cgroup", "write %s to %s", TEXT_SOURCE, NULL},
	[OP_CGROUP_OWN] = {"delegate-cgroup", "delegate the cgroup %s", SOURCE, NULL},
	[OP_DEVICES_V1] = {"device-policy", "set the device policy of %s", SOURCE, NULL},
	[OP_DEVICES_BPF] = {"device-policy-bpf", "attach the device policy to %s", SOURCE, NULL},
	[OP_LINK_JOURNAL] = {"link-journal", "link %s to %s", TEXT_SOURCE, NULL},
	[OP_NET_CLAIM] = {"claim-network", NULL, NOTHING, describe_claim},
	[OP_NET_KEEP] = {"keep-addresses", "write down in %s which addresses it has", SOURCE, NULL},
	[OP_SYSCTL] = {"sysctl", "write %s to %s", TEXT_SOURCE, NULL},
	[OP_LINK_ZONE] = {"zone", NULL, NOTHING, describe_zone},
	[OP_LINK_VETH] = {"veth", NULL, NOTHING, describe_veth},
	[OP_LINK_SHARED] = {"shared-link", NULL, NOTHING, describe_shared},
	[OP_LINK_MOVE] = {"move-link", NULL, NOTHING, describe_move},
	[OP_LINK_ADDRESS] = {"addresses", NULL, NOTHING, describe_address},
	[OP_LINK_RATE] = {"rate", NULL, NOTHING, describe_rate},
	[OP_LINK_SERVE] = {"serve-link", NULL, NOTHING, describe_serve},
	[OP_NET_JOIN] = {"join-host-network", NULL, NOTHING, describe_join},
	[OP_NET_WATCH] = {"watch-addresses", "follow the addresses at the other end of %s", SOURCE,
			  NULL},
	[OP_LINK_INSIDE] = {"link-inside", NULL, NOTHING, describe_link_inside},
	[OP_LEAVE_PEERS] = {"leave-peers", "make all mounts private", NOTHING, NULL},
	[OP_JOIN_NETNS] = {"join-network", "join the network namespace %s", SOURCE, NULL},
	[OP_STAGE_BASE] = {"stage-base", NULL, NOTHING, describe_stage_base},
	[OP_STAGE_POINT] = {"stage-point", NULL, NOTHING, describe_stage_point},
	[OP_STAGE_TREE] = {"stage-tree", NULL, NOTHING, describe_stage_tree},
	[OP_STAGE_COVER] = {"stage-cover", NULL, NOTHING, describe_stage_cover},
	[OP_STAGE_NEW] = {"stage-new", NULL, NOTHING, describe_stage_new},
	[OP_STAGE_DEAD] = {"stage-dead", NULL, NOTHING, describe_stage_dead},
	[OP_STAGE_CLOSURE] = {"stage-closure", NULL, NOTHING, describe_stage_closure},
	[OP_STAGE_OVERLAY] = {"stage-overlay", NULL, NOTHING, describe_stage_overlay},
	[OP_CGROUP_JOIN] = {"join-cgroup", "move to the cgroup %s", SOURCE, NULL},
	[OP_CGROUP_ENTER] = {"enter-cgroup", "move to the cgroup %s", SOURCE, NULL},
	[OP_CGROUP_INTO] = {"into-cgroup", "create the first process in %s", SOURCE, NULL},
	[OP_RLIMIT] = {"limit", NULL, NOTHING, describe_rlimit},
	[OP_OOM_SCORE] = {"oom-score", "set its OOM score adjustment to %s", TEXT, NULL},
	[OP_GO_TO_BASE] = {"go-to-base", "go to what was staged in %s", SOURCE, NULL},
	[OP_BECOME_ROOT] = {"become-root", "become root of the user namespace", NOTHING, NULL},
	[OP_UNSHARE] = {"unshare", "enter %s", TEXT, NULL},
	[OP_TAKE_ROOT] = {"take-root", "take the staged tree as root", NOTHING, NULL},
	[OP_MOUNT_ROOT] = {"mount-root", NULL, NOTHING, describe_mount},
	[OP_MOUNT] = {"mount", NULL, NOTHING, describe_mount},
	[OP_OVERLAY] = {"overlay", NULL, NOTHING, describe_overlay},
	[OP_BIND] = {"bind", NULL, NOTHING, describe_bind},
	[OP_BIND_INSIDE] = {"bind-inside", NULL, NOTHING, describe_bind_inside},
	[OP_ATTRIBUTES] = {"attributes", NULL, NOTHING, describe_attributes},
	[OP_DIRECTORY] = {"directory", "make sure of directory %s (mode %04o)", MODE_TARGET, NULL},
	[OP_FILE] = {"file", "make sure of file %s (mode %04o)", MODE_TARGET, NULL},
	[OP_SYMLINK] = {"symlink", "link %s to %s", TEXT_SOURCE, NULL},
	[OP_NODE] = {"node", NULL, NOTHING, describe_node},
	[OP_WRITE] = {"write", "write %s", TARGET, NULL},
	[OP_COPY] = {"copy", "copy the staged file to %s", TARGET, NULL},
	[OP_WRITE_SECRET] = {"write-credential", "write the credential %s", TARGET, NULL},
	[OP_REMOVE] = {"remove", "remove %s", TARGET, NULL},
	[OP_NOTIFY_SOCKET] = {"notify-socket", "bind the socket %s/notify", TARGET, NULL},
	[OP_CONSOLE] = {"console", "open a terminal as %s", TARGET, NULL},
	[OP_PROPAGATION] = {"propagation", "set mount propagation", NOTHING, NULL},
	[OP_PIVOT] = {"pivot", "make it the root and let go of the rest", NOTHING, NULL},
	[OP_HOSTNAME] = {"hostname", "set the host name %s", TEXT, NULL},
	[OP_LOOPBACK_UP] = {"loopback", "bring lo up", NOTHING, NULL},
	[OP_SESSION] = {"session", "start a session with its own stdio", NOTHING, NULL},
	[OP_AFFINITY] = {"affinity", "run on the CPUs %s", TEXT, NULL},
	[OP_PERSONALITY] = {"personality", "set the personality %s", TEXT, NULL},
	[OP_SECCOMP] = {"seccomp", "load the system call filter: %s", TEXT, NULL},
	[OP_USER] = {"user", NULL, NOTHING, describe_user},
	[OP_CAPABILITIES] = {"capabilities", "keep only %s", TEXT, NULL},
	[OP_NO_NEW_PRIVILEGES] = {"no-new-privileges", "forbid new privileges", NOTHING, NULL},
	[OP_CHDIR] = {"chdir", "change to the directory %s", TARGET, NULL},
	[OP_CLOSE_FDS] = {"close-descriptors", NULL, NOTHING, describe_close},
	[OP_LOAD_STORE] = {"load-store", NULL, NOTHING, describe_load_store},
	[OP_STUB] = {"stub", "run the stub init, which starts %s", TEXT, NULL},
	[OP_EXEC] = {"exec", "execute %s", TEXT, NULL},
};

/* The formats are the table's own, one for each shape. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void say_wording(struct phrase *p, const struct wording *wording, const struct op *op)
{
	const char *two = op->source ? op->source : op->target;

	switch (wording->what) {
	case NOTHING:
		say(p, "%s", wording->format);
		break;
	case SOURCE:
		say(p, wording->format, op->source);
		break;
	case TARGET:
		say(p, wording->format, op->target);
		break;
	case TEXT:
		say(p, wording->format, op->text);
		break;
	case TWO_PATHS:
		say(p, wording->format, op->source, op->target);
		break;
	case TEXT_SOURCE:
		if (op->kind == OP_CGROUP_SET || op->kind == OP_SYSCTL)
			say(p, wording->format, op->text, two);
		else
			say(p, wording->format, two, op->text);
		break;
	case MODE_TARGET:
		say(p, wording->format, op->target, op->mode);
		break;
	}
}
#pragma GCC diagnostic pop

const char *op_describe(const struct op *op, char *text, size_t size)
{
	const struct wording *wording = &wordings[op->kind];
	struct phrase p = {.text = text, .size = size};

	text[0] = '\0';
	if (wording->describe)
		wording->describe(&p, op);
	else
		say_wording(&p, wording, op);
	return text;
}

const char *op_kind_name(enum op_kind kind)
{
	return wordings[kind].name;
}

const char *op_phase_name(enum op_phase phase)
{
	static const char *const names[PHASE_COUNT] = {
		[PHASE_BEFORE] = "before", [PHASE_HOST] = "host",     [PHASE_ENTER] = "enter",
		[PHASE_STAGE] = "stage",   [PHASE_MIDDLE] = "middle", [PHASE_NETWORK] = "network",
		[PHASE_INSIDE] = "inside", [PHASE_LATE] = "late",
	};

	return names[phase];
}
