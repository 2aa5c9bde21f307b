/* SPDX-License-Identifier: MIT */
/* What NixOS writes down of a container: reading it, and the parts that are not its network. */
#include "nixos_conf.h"

#include "../base/cleanup.h"
#include "nixos_apply.h"
#include "option.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define PROFILES "/nix/var/nix/profiles/per-container"
#define ROOTS    "/nix/var/nix/gcroots/per-container"

/* What is shown of a name or value in a finding. */
#define SHOWN_MAX 80

static const char *const names[NIXOS_KEY_COUNT] = {
	[NIXOS_SYSTEM_PATH] = "SYSTEM_PATH",
	[NIXOS_FLAKE] = "FLAKE",
	[NIXOS_COPY_RESOLV_CONF] = "COPY_RESOLV_CONF",
	[NIXOS_PRIVATE_NETWORK] = "PRIVATE_NETWORK",
	[NIXOS_HOST_BRIDGE] = "HOST_BRIDGE",
	[NIXOS_HOST_PORT] = "HOST_PORT",
	[NIXOS_HOST_ADDRESS] = "HOST_ADDRESS",
	[NIXOS_HOST_ADDRESS6] = "HOST_ADDRESS6",
	[NIXOS_LOCAL_ADDRESS] = "LOCAL_ADDRESS",
	[NIXOS_LOCAL_ADDRESS6] = "LOCAL_ADDRESS6",
	[NIXOS_LOCAL_MAC_ADDRESS] = "LOCAL_MAC_ADDRESS",
	[NIXOS_NETWORK_NAMESPACE_PATH] = "NETWORK_NAMESPACE_PATH",
	[NIXOS_PRIVATE_USERS] = "PRIVATE_USERS",
	[NIXOS_INTERFACES] = "INTERFACES",
	[NIXOS_MACVLANS] = "MACVLANS",
	[NIXOS_AUTO_START] = "AUTO_START",
	[NIXOS_EXTRA_NSPAWN_FLAGS] = "EXTRA_NSPAWN_FLAGS",
};

const char *nixos_key_name(enum nixos_key key)
{
	return names[key];
}

/* ---- Reading ------------------------------------------------------------------------------------ */

static bool find_key(const char *name, enum nixos_key *key)
{
	for (size_t i = 0; i < NIXOS_KEY_COUNT; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*key = (enum nixos_key)i;
		return true;
	}
	return false;
}

bool nixos_conf_truth(const struct nixos_conf *conf, enum nixos_key key)
{
	return strcmp(conf->value[key], "1") == 0;
}

/* NixOS's script asks for 1 and nothing else. */
static void check_truths(const struct nixos_conf *conf, struct findings *findings)
{
	static const enum nixos_key truths[] = {NIXOS_COPY_RESOLV_CONF, NIXOS_PRIVATE_NETWORK,
						NIXOS_AUTO_START};

	for (size_t i = 0; i < ARRAY_SIZE(truths); i++) {
		const char *value = conf->value[truths[i]];

		if (*value && strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			finding_add(findings, conf->line[truths[i]], false,
				    "%s=%.*s: expected 0 or 1; taken for 0", names[truths[i]],
				    SHOWN_MAX, value);
	}
}

void nixos_conf_read(const char *text, size_t size, struct nixos_conf *conf,
		     struct findings *findings)
{
	struct env_file file;

	*conf = (struct nixos_conf){0};
	for (size_t i = 0; i < NIXOS_KEY_COUNT; i++)
		conf->value[i] = "";
	env_file_read(text, size, &file, findings);
	for (size_t i = 0; i < file.count; i++) {
		const struct env_entry *entry = &file.entries[i];
		enum nixos_key key;

		if (!find_key(entry->name, &key)) {
			finding_add(findings, entry->line, false,
				    "there is no key %.*s of containers; ignored", SHOWN_MAX,
				    entry->name);
			continue;
		}
		conf->any = true;
		conf->value[key] = entry->value;
		conf->line[key] = entry->line;
	}
	check_truths(conf, findings);
}

/* ---- What setting shares ------------------------------------------------------------------------ */

bool nixos_has(const struct nixos_apply *apply, enum nixos_key key)
{
	return *apply->conf->value[key];
}

const char *nixos_value(const struct nixos_apply *apply, enum nixos_key key)
{
	return apply->conf->value[key];
}

static void say(struct nixos_apply *apply, enum nixos_key key, bool fatal, const char *format,
		va_list arguments)
{
	const char *reason = arena_vprintf(&apply->spec->arena, format, arguments);

	finding_add(apply->findings, apply->conf->line[key], fatal, "%s=: %s", names[key], reason);
}

void nixos_refuse(struct nixos_apply *apply, enum nixos_key key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(apply, key, true, format, arguments);
	va_end(arguments);
}

void nixos_warn(struct nixos_apply *apply, enum nixos_key key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(apply, key, false, format, arguments);
	va_end(arguments);
}

void nixos_set(struct nixos_apply *apply, enum nixos_key key, const char *option, const char *value)
{
	struct floe_error error = {0};

	if (++apply->values > SETTINGS_ENTRIES_MAX)
		nixos_refuse(apply, key, "the file sets too many values");
	else if (option_apply(apply->spec, option_find(option), value, &error) < 0)
		nixos_refuse(apply, key, "%s", error.message);
}

char *nixos_word(struct nixos_apply *apply, const char **rest, const char *separators)
{
	const char *start = *rest + strspn(*rest, separators);
	size_t length = strcspn(start, separators);

	*rest = start + length;
	return length > 0 ? arena_strndup(&apply->spec->arena, start, length) : NULL;
}

/* ---- The tree, the system, the store ------------------------------------------------------------ */

static void make_directory(struct spec *spec, const char *path, uint32_t mode)
{
	struct spec_directory *directory =
		ARENA_APPEND(&spec->arena, spec->directories, spec->directory_count);

	if (directory)
		*directory = (struct spec_directory){arena_strdup(&spec->arena, path), mode};
}

/* The part of PATH before its last slash. */
static const char *parent_of(struct arena *arena, const char *path)
{
	return arena_strndup(arena, path, (size_t)(strrchr(path, '/') - path));
}

const char *nixos_profile(struct arena *arena, const char *name)
{
	return arena_printf(arena, PROFILES "/%s/system", name);
}

/* The one that NixOS's script has below /run is empty each time, and goes with the machine. */
static void set_root(struct nixos_apply *apply)
{
	struct spec *spec = apply->spec;
	bool ephemeral = spec->ephemeral != SPEC_EPHEMERAL_NO;
	const char *last = strrchr(apply->host->root, '/') + 1;
	const char *root = ephemeral ? arena_printf(&spec->arena, "/run/nixos-containers/%s", last)
				     : apply->host->root;

	if (spec->directory)
		return;
	make_directory(spec, parent_of(&spec->arena, root), ephemeral ? 0700 : 0755);
	make_directory(spec, root, 0755);
	spec->directory = arena_strdup(&spec->arena, root);
}

static void refuse_unbuilt(struct nixos_apply *apply, const char *profile)
{
	const char *name = apply->host->name;

	if (nixos_has(apply, NIXOS_FLAKE))
		nixos_refuse(apply, NIXOS_FLAKE,
			     "the system is built of the flake %.*s, and was not yet: there is no "
			     "%s; \"nixos-container update %s\" builds it",
			     SHOWN_MAX, nixos_value(apply, NIXOS_FLAKE), profile, name);
	else
		finding_add(apply->findings, 0, true,
			    "the container has no system: there is neither SYSTEM_PATH= nor %s; "
			    "\"nixos-container update %s\" builds one, and \"nix-env --profile %s "
			    "--set SYSTEM\" takes one that is built",
			    profile, name, profile);
}

/* Without a path the system is that of the container's profile, which is the one inside, too. */
static void set_system(struct nixos_apply *apply)
{
	const char *profile = nixos_profile(&apply->spec->arena, apply->host->name);
	const char *system = nixos_value(apply, NIXOS_SYSTEM_PATH);

	if (*system && *system != '/')
		nixos_refuse(apply, NIXOS_SYSTEM_PATH, "expected an absolute path");
	else if (*system)
		nixos_set(apply, NIXOS_SYSTEM_PATH, "system", system);
	else if (apply->host->has_profile)
		nixos_set(apply, NIXOS_SYSTEM_PATH, "system", profile);
	else
		refuse_unbuilt(apply, profile);
	if (apply->host->is_x86)
		nixos_set(apply, NIXOS_SYSTEM_PATH, "personality", "x86");
}

static void bind_host(struct nixos_apply *apply, const char *option, const char *source,
		      const char *target)
{
	/* Owners of the host's are owners inside, which is nothing where there is one namespace. */
	nixos_set(apply, NIXOS_SYSTEM_PATH, option,
		  arena_printf(&apply->spec->arena, "%s:%s:idmap", source, target));
}

static void set_store(struct nixos_apply *apply)
{
	static const struct {
		const char *host, *inside;
	} own[] = {
		{PROFILES, "/nix/var/nix/profiles"},
		{ROOTS, "/nix/var/nix/gcroots"},
	};
	struct spec *spec = apply->spec;

	nixos_set(apply, NIXOS_SYSTEM_PATH, "store", "ro");
	if (apply->host->has_database)
		bind_host(apply, "bind-ro", "/nix/var/nix/db", "/nix/var/nix/db");
	if (apply->host->has_daemon)
		bind_host(apply, "bind-ro", "/nix/var/nix/daemon-socket",
			  "/nix/var/nix/daemon-socket");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		const char *path =
			arena_printf(&spec->arena, "%s/%s", own[i].host, apply->host->name);

		make_directory(spec, own[i].host, 0755);
		make_directory(spec, path, 0755);
		bind_host(apply, "bind", path, own[i].inside);
	}
}

/* ---- The rest ------------------------------------------------------------------------------------ */

/* Ids are mapped where nspawn expects that somebody changed the owners before: it changes none for a
 * number, and the script makes the directories as root of the host. */
static void set_users(struct nixos_apply *apply)
{
	if (!nixos_has(apply, NIXOS_PRIVATE_USERS))
		return;
	nixos_set(apply, NIXOS_PRIVATE_USERS, "private-users",
		  nixos_value(apply, NIXOS_PRIVATE_USERS));
	nixos_set(apply, NIXOS_PRIVATE_USERS, "private-users-ownership", "auto");
}

/* The shell's splitting of words, which knows no quotes: options of systemd-nspawn(1). */
static void set_flags(struct nixos_apply *apply)
{
	enum nixos_key key = NIXOS_EXTRA_NSPAWN_FLAGS;
	struct arena *arena = &apply->spec->arena;
	const char *rest = nixos_value(apply, key);
	struct floe_cursor cursor = {0};
	struct floe_error error = {0};
	struct floe_match match;
	size_t rows;
	const struct floe_option *table = floe_options(&rows);
	char **words = NULL, *word;
	int r;

	while ((word = nixos_word(apply, &rest, " \t\n"))) {
		char **slot = ARENA_APPEND(arena, words, cursor.count);

		if (slot)
			*slot = word;
	}
	cursor.arguments = words;
	while ((r = floe_option_next(table, rows, &cursor, &match, &error)) > 0) {
		char letter[] = {match.option->letter, '\0'};

		nixos_set(apply, key, match.option->name ? match.option->name : letter,
			  match.value);
	}
	if (r < 0)
		nixos_refuse(apply, key, "%s", error.message);
	else if (words && cursor.next < cursor.count)
		nixos_refuse(apply, key, "'%.*s' is no option", SHOWN_MAX, words[cursor.next]);
}

static void set_running(struct spec *spec, const char *name)
{
	spec->name = arena_strdup(&spec->arena, name);
	spec->start = SPEC_START_BOOT;
	spec->notify_ready = true;
	spec->journal = SPEC_JOURNAL_TRY_GUEST;
}

void nixos_conf_apply(struct spec *spec, const struct nixos_conf *conf,
		      const struct nixos_host *host, struct findings *findings)
{
	struct nixos_apply apply = {.spec = spec, .conf = conf, .host = host, .findings = findings};

	set_running(spec, host->name);
	set_system(&apply);
	set_store(&apply);
	set_users(&apply);
	nixos_set_network(&apply);
	set_flags(&apply);
	set_root(&apply);
}
