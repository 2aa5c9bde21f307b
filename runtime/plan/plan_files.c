/* SPDX-License-Identifier: MIT */
/* Files that tell the machine about itself and the host. nspawn.md 3.5 and 3.11. */
#include "builder.h"

#include <string.h>

static const char *dashed(struct builder *b, const char *uuid)
{
	return text(b, "%.8s-%.4s-%.4s-%.4s-%.12s", uuid, uuid + 8, uuid + 12, uuid + 16,
		    uuid + 20);
}

/* SOURCE of the host, read-only on TARGET. */
static void bind_host_file(struct builder *b, const char *source, const char *target,
			   const char *why)
{
	int slot = add_stage(b, source, ATTR_API | MOUNT_ATTR_RDONLY, false, OP_IDMAP_NONE, why);
	struct op *op = op_add(b, OP_FILE, PHASE_INSIDE, "a mount point");

	op->target = target;
	op->mode = 0644;
	add_bind(b, slot, "", target, why);
}

static void add_credentials(struct builder *b)
{
	const struct spec *spec = b->spec;
	struct plan *plan = b->plan;

	if (spec->credential_count == 0)
		return;
	add_directory(b, "/run/host/credentials", 0700, "a mount point");
	add_mount(b, "ramfs", "/run/host/credentials", "mode=0700", ATTR_API,
		  "credentials never reach a swap device");
	plan->secrets = arena_alloc(&plan->arena, spec->credential_count * sizeof(*plan->secrets));
	for (size_t i = 0; plan->secrets && i < spec->credential_count; i++) {
		const struct spec_credential *credential = &spec->credentials[i];
		struct op *op;

		plan->secrets[i] = (struct plan_secret){.id = credential->id,
							.path = credential->path,
							.data = credential->data,
							.size = credential->size};
		op = op_add(b, OP_READ_SECRET, PHASE_BEFORE, "read once, kept in memory only");
		op->slot = (int)i;
		op->source = credential->path;
		op->text = credential->id;
		op = op_add(b, OP_WRITE_SECRET, PHASE_INSIDE, "for the machine's services");
		op->slot = (int)i;
		op->mode = 0400;
		op->target = text(b, "/run/host/credentials/%s", credential->id);
	}
	plan->secret_count = spec->credential_count;
	op_add(b, OP_ATTRIBUTES, PHASE_INSIDE, "nobody changes them")->target =
		"/run/host/credentials";
	plan->ops[plan->op_count - 1].attributes = MOUNT_ATTR_RDONLY;
}

static void add_run_host(struct builder *b)
{
	const char *manager = "systemd-nspawn";

	if (b->host->os_release)
		bind_host_file(b, b->host->os_release, "/run/host/os-release",
			       "what the host is (os-release(5))");
	/* systemd inside knows this name and what it means: it is the interface we implement. */
	add_write(b, "/run/host/container-manager", 0444, text(b, "%s\n", manager),
		  "what runs the machine");
	add_write(b, "/run/host/container-uuid", 0444, text(b, "%s\n", dashed(b, b->plan->uuid)),
		  "becomes the machine-id of a machine that has none");
}

/* Which file a mode takes, and how. */
enum resolv_source {
	RESOLV_HOST,
	RESOLV_STATIC,
	RESOLV_UPLINK,
	RESOLV_STUB,
};

enum resolv_act {
	RESOLV_COPY,
	RESOLV_REPLACE,
	RESOLV_BIND,
};

/* Where nothing can be written, a file is shown only where the tree has one to show it on. */
static enum spec_resolv decide_resolv(struct builder *b)
{
	const struct host *host = b->host;

	if (b->spec->resolv != SPEC_RESOLV_AUTO)
		return b->spec->resolv;
	if (b->spec->network != SPEC_NETWORK_HOST || b->spec->network_path)
		return SPEC_RESOLV_OFF;
	if (!b->root_writable && !host->tree.has_resolv)
		return SPEC_RESOLV_OFF;
	if (host->resolv_stub)
		return b->root_writable ? SPEC_RESOLV_COPY_STUB : SPEC_RESOLV_BIND_STUB;
	if (host->resolv_host)
		return b->root_writable ? SPEC_RESOLV_COPY_HOST : SPEC_RESOLV_BIND_HOST;
	return b->root_writable ? SPEC_RESOLV_DELETE : SPEC_RESOLV_OFF;
}

static const char *resolv_path(const struct host *host, enum resolv_source source)
{
	switch (source) {
	case RESOLV_HOST:
		return host->resolv_host;
	case RESOLV_STATIC:
		return host->resolv_static;
	case RESOLV_UPLINK:
		return host->resolv_uplink;
	case RESOLV_STUB:
		return host->resolv_stub;
	}
	return NULL;
}

/* SOURCE of the host becomes the content of TARGET, a file of the machine's own. */
static void copy_host_file(struct builder *b, const char *source, const char *target,
			   const char *why)
{
	int slot = add_stage(b, source, ATTR_API | MOUNT_ATTR_RDONLY, false, OP_IDMAP_NONE, why);
	struct op *op = op_add(b, OP_COPY, PHASE_INSIDE, why);

	op->slot = slot;
	op->target = target;
	op->mode = 0644;
}

static void add_resolv_file(struct builder *b, enum resolv_source source, enum resolv_act act)
{
	const char *path = resolv_path(b->host, source);

	if (!path) {
		note_add(b, b->spec->resolv != SPEC_RESOLV_AUTO,
			 "the host has no such resolv.conf: the machine's is left as it is");
		return;
	}
	/* A copy neither follows nor replaces a link that the tree has there (systemd-nspawn(1)). */
	if (act == RESOLV_COPY && b->host->tree.resolv_link)
		return;
	if (act == RESOLV_BIND) {
		bind_host_file(b, path, "/etc/resolv.conf", "names resolve as on the host");
		return;
	}
	copy_host_file(b, path, "/etc/resolv.conf", "names resolve as on the host");
}

/* A link of the tree leads to what a service inside makes of DHCP or asks for itself. */
static void add_own_resolv(struct builder *b)
{
	static const char *const target = "/etc/resolv.conf";
	static const char *const why = "names resolve by the machine's own network";
	const char *content = "";
	struct op *op;

	if (b->host->tree.resolv_link)
		return;
	for (size_t i = 0; i < b->net.dns_count; i++) {
		char address[IP_TEXT_SIZE];

		content = text(b, "%snameserver %s\n", content, ip_format(&b->net.dns[i], address));
	}
	if (b->root_writable) {
		add_write(b, target, 0644, content, why);
		return;
	}
	if (!b->host->tree.has_resolv)
		return;
	add_write(b, "/run/host/resolv.conf", 0644, content, why);
	op = op_add(b, OP_BIND_INSIDE, PHASE_INSIDE, why);
	op->source = "/run/host/resolv.conf";
	op->target = target;
}

static void add_resolv(struct builder *b)
{
	enum spec_resolv mode = decide_resolv(b);
	unsigned index;

	if (b->spec->resolv == SPEC_RESOLV_AUTO && b->net.inside && b->net.dns_count > 0) {
		add_own_resolv(b);
		return;
	}
	if (mode == SPEC_RESOLV_OFF || mode == SPEC_RESOLV_AUTO)
		return;
	if (mode == SPEC_RESOLV_DELETE) {
		op_add(b, OP_REMOVE, PHASE_INSIDE, "the host has none")->target =
			"/etc/resolv.conf";
		return;
	}
	/* Three acts, each with four sources, in the order of enum spec_resolv. */
	index = (unsigned)mode - SPEC_RESOLV_COPY_HOST;
	add_resolv_file(b, (enum resolv_source)(index % 4), (enum resolv_act)(index / 4));
}

static enum spec_timezone decide_timezone(struct builder *b)
{
	const struct host *host = b->host;

	if (b->spec->timezone != SPEC_TIMEZONE_AUTO)
		return b->spec->timezone;
	/* A NixOS tree sets its own: an absolute zone there is a path in the store. */
	if (host->tree.has_nix_store || b->spec->system)
		return SPEC_TIMEZONE_OFF;
	if (!b->root_writable)
		return host->localtime_file && host->tree.has_localtime ? SPEC_TIMEZONE_BIND
									: SPEC_TIMEZONE_OFF;
	if (host->localtime_zone && host->tree.has_zone)
		return SPEC_TIMEZONE_SYMLINK;
	if (host->localtime_file)
		return SPEC_TIMEZONE_COPY;
	return SPEC_TIMEZONE_DELETE;
}

static void add_timezone(struct builder *b)
{
	static const char *const target = "/etc/localtime";
	static const char *const why = "the host's time zone";
	const struct host *host = b->host;
	enum spec_timezone mode = decide_timezone(b);

	if (mode == SPEC_TIMEZONE_OFF || mode == SPEC_TIMEZONE_AUTO)
		return;
	if (mode == SPEC_TIMEZONE_DELETE) {
		op_add(b, OP_REMOVE, PHASE_INSIDE, "no time zone: UTC")->target = target;
		return;
	}
	if (mode == SPEC_TIMEZONE_SYMLINK && host->localtime_zone) {
		op_add(b, OP_REMOVE, PHASE_INSIDE, why)->target = target;
		add_symlink(b, target, text(b, "../usr/share/zoneinfo/%s", host->localtime_zone),
			    why);
		return;
	}
	if (!host->localtime_file) {
		note_add(b, true, "the host has no /etc/localtime that could be shared");
		return;
	}
	if (mode == SPEC_TIMEZONE_BIND) {
		bind_host_file(b, host->localtime_file, target, why);
		return;
	}
	copy_host_file(b, host->localtime_file, target, why);
}

int plan_files(struct builder *b)
{
	struct op *op;

	add_run_host(b);
	add_credentials(b);
	add_resolv(b);
	add_timezone(b);
	op_add(b, OP_NOTIFY_SOCKET, PHASE_INSIDE, "its init says there when it is ready")->target =
		"/run/host";
	if (b->plan->console != SPEC_CONSOLE_PIPE)
		op_add(b, OP_CONSOLE, PHASE_INSIDE, "a terminal of its own, relayed by the monitor")
			->target = "/dev/console";
	op = op_add(b, OP_ATTRIBUTES, PHASE_INSIDE, "what the runtime says stays as it is");
	op->target = "/run/host";
	op->attributes = MOUNT_ATTR_RDONLY;
	return 0;
}
