/* SPDX-License-Identifier: MIT */
/* The environment of the payload. Nothing of the caller's but TERM. nspawn.md 3.4. */
#include "../base/search_path.h"
#include "builder.h"

#include <string.h>

struct environment {
	char **entries;
	size_t count;
};

/* Later ones replace earlier ones of the name. */
static void set(struct builder *b, struct environment *environment, const char *name,
		const char *value)
{
	char *entry = arena_printf(&b->plan->arena, "%s=%s", name, value);
	size_t length = strlen(name) + 1;
	char **slot;

	for (size_t i = 0; i < environment->count; i++) {
		if (strncmp(environment->entries[i], entry, length) == 0) {
			environment->entries[i] = entry;
			return;
		}
	}
	slot = ARENA_APPEND(&b->plan->arena, environment->entries, environment->count);
	if (slot)
		*slot = entry;
}

static const char *user_name(const struct builder *b)
{
	return b->spec->user ? b->host->user.name : "root";
}

static void set_identity(struct builder *b, struct environment *environment)
{
	const char *id = b->plan->uuid;
	const char *home = b->spec->user ? b->host->user.home : "/root";

	set(b, environment, "container", "systemd-nspawn");
	set(b, environment, "container_uuid",
	    text(b, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20));
	set(b, environment, "HOME", home && *home ? home : "/");
	set(b, environment, "USER", user_name(b));
	set(b, environment, "LOGNAME", user_name(b));
}

static void set_protocols(struct builder *b, struct environment *environment)
{
	set(b, environment, "NOTIFY_SOCKET", "/run/host/notify");
	if (b->plan->secret_count > 0)
		set(b, environment, "CREDENTIALS_DIRECTORY", "/run/host/credentials");
	if (b->host->listen_fds > 0) {
		set(b, environment, "LISTEN_FDS", text(b, "%d", b->host->listen_fds));
		set(b, environment, "LISTEN_PID", "1");
	}
}

static void set_host_ids(struct builder *b, struct environment *environment)
{
	for (size_t i = 0; i < b->host->os_id_count; i++)
		set(b, environment, text(b, "container_host_%s", b->host->os_ids[i].name),
		    b->host->os_ids[i].value);
}

int plan_environment(struct builder *b)
{
	struct environment environment = {0};
	bool nixos = b->host->tree.has_nix_store || b->spec->system;
	char **end;

	set(b, &environment, "PATH", nixos ? SEARCH_PATH_NIXOS : SEARCH_PATH_DEFAULT);
	if (b->spec->nix_daemon == SPEC_NIX_DAEMON_HOST)
		set(b, &environment, "NIX_REMOTE", "daemon");
	if (b->host->term)
		set(b, &environment, "TERM", b->host->term);
	if (b->spec->start != SPEC_START_BOOT)
		set(b, &environment, "LANG", "C.UTF-8");
	set_identity(b, &environment);
	set_protocols(b, &environment);
	set_host_ids(b, &environment);
	for (size_t i = 0; i < b->spec->environment_count; i++)
		set(b, &environment, b->spec->environment[i].name, b->spec->environment[i].value);
	for (size_t i = 0; i < environment.count; i++) {
		if (strncmp(environment.entries[i], "PATH=", 5) == 0)
			b->plan->path = environment.entries[i] + 5;
	}
	end = ARENA_APPEND(&b->plan->arena, environment.entries, environment.count);
	if (end)
		*end = NULL;
	b->plan->environment = environment.entries;
	return 0;
}
