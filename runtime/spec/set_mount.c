/* SPDX-License-Identifier: MIT */
/* Setting mounts: binds, tmpfs, overlays, covers. */
#include "option.h"

#include "../base/cleanup.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* A source as it was said: "+x" lies in the tree, the rest on the host. */
static int read_source(const struct option_call *call, const char *text, char **path, bool *in_tree)
{
	struct arena *arena = &call->spec->arena;

	*in_tree = *text == '+';
	if (*in_tree)
		*path = path_simplify(arena, arena_printf(arena, "/%s", text + 1));
	else
		*path = path_from_here(arena, text);
	if (!*path)
		return option_refuse(call,
				     "the current directory cannot be found out (%s); "
				     "give absolute paths",
				     strerror(errno));
	if (!path_is_sane(*path))
		return option_refuse(call,
				     "a source has at most %d bytes of UTF-8 and no control "
				     "characters",
				     PATH_MAX - 1);
	if (*in_tree && path_has_parent(*path))
		return option_refuse(call, "a source in the tree has no '..'");
	return 0;
}

/* Where a mount goes. The root itself is the business of --directory, --volatile and others. */
static int read_target(const struct option_call *call, const char *text, char **path)
{
	if (!path_is_sane(text) || path_has_parent(text))
		return option_refuse(call, "the place inside is not an absolute path without '..' "
					   "and control characters");
	*path = path_simplify(&call->spec->arena, text);
	if (strcmp(*path, "/") == 0)
		return option_refuse(call, "nothing is mounted over the root; choose the tree with "
					   "--directory, and see --volatile and --ephemeral");
	return 0;
}

static int append_mount(const struct option_call *call, const struct spec_mount *mount)
{
	struct spec *spec = call->spec;
	struct spec_mount *slot = ARENA_APPEND(&spec->arena, spec->mounts, spec->mount_count);

	if (slot)
		*slot = *mount;
	return 0;
}

/* One word of a bind's third part. */
static int read_bind_word(const struct option_call *call, const char *word, size_t length,
			  struct spec_mount *mount)
{
	char name[16] = "";
	int idmap;

	if (length < sizeof(name))
		memcpy(name, word, length);
	if (strcmp(name, "rbind") == 0 || strcmp(name, "norbind") == 0) {
		mount->recursive = *name == 'r';
		return 0;
	}
	if (word_find(&words_idmap, name, &idmap) < 0)
		return option_refuse(call,
				     "'%.*s' is no bind option; expected rbind, norbind, idmap, "
				     "noidmap, rootidmap or owneridmap, separated by commas",
				     (int)(length < 64 ? length : 64), word);
	mount->idmap = (enum spec_idmap)idmap;
	return 0;
}

static int read_bind_words(const struct option_call *call, const char *words,
			   struct spec_mount *mount)
{
	while (words) {
		size_t length = strcspn(words, ",");
		int r = read_bind_word(call, words, length, mount);

		if (r < 0)
			return r;
		words = words[length] ? words + length + 1 : NULL;
	}
	return 0;
}

/* Splits off up to MAX parts of the value; the last may be followed by *REST. */
static int split_value(const struct option_call *call, char *parts[], size_t max, size_t *count,
		       const char **rest)
{
	*rest = call->value;
	for (*count = 0; *rest && *count < max; (*count)++) {
		parts[*count] = text_split(&call->spec->arena, rest, ':');
		if (!parts[*count])
			return option_refuse(call, "the value ends in a backslash, which is to be "
						   "followed by the character it protects");
	}
	return 0;
}

/* SOURCE[:TARGET[:WORDS]] */
int set_bind(const struct option_call *call)
{
	struct spec_mount mount = {
		.kind = SPEC_MOUNT_BIND,
		.recursive = true,
		.read_only = option_action(call)->constant != 0,
	};
	const char *words;
	char *parts[2];
	size_t count;
	int r = split_value(call, parts, ARRAY_SIZE(parts), &count, &words);

	if (r < 0)
		return r;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): option_refuse() never gives 0 */
	if (*parts[0] || count == 1)
		r = read_source(call, parts[0], &mount.source, &mount.source_in_tree);
	if (r == 0)
		r = read_target(call, count == 2 ? parts[1] : parts[0] + (*parts[0] == '+'),
				&mount.target);
	if (r == 0 && words && *words)
		r = read_bind_words(call, words, &mount);
	return r < 0 ? r : append_mount(call, &mount);
}

/* tmpfs(5), and the flags of mount(8) that mean something for it. */
static const char tmpfs_words[] =
	"size nr_blocks nr_inodes mode uid gid mpol huge inode32 inode64 noswap usrquota grpquota "
	"ro rw suid nosuid dev nodev exec noexec noatime relatime strictatime";

static int check_tmpfs_words(const struct option_call *call, const char *words)
{
	if (!text_is_utf8(words) || text_has_control(words))
		return option_refuse(call, "the options hold control characters");
	while (words) {
		size_t length = strcspn(words, ",");

		if (!text_has_word(tmpfs_words, words, strcspn(words, ",=")))
			return option_refuse(call, "'%.*s' is no option of a tmpfs; see tmpfs(5)",
					     (int)(length < 64 ? length : 64), words);
		words = words[length] ? words + length + 1 : NULL;
	}
	return 0;
}

/* TARGET[:OPTIONS] */
int set_tmpfs(const struct option_call *call)
{
	struct spec_mount mount = {.kind = SPEC_MOUNT_TMPFS};
	const char *words;
	char *target;
	size_t count;
	int r = split_value(call, &target, 1, &count, &words);

	if (r ==
	    0) /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): option_refuse() never gives 0 */
		r = read_target(call, target, &mount.target);
	if (r == 0 && words && *words) {
		r = check_tmpfs_words(call, words);
		mount.options = arena_strdup(&call->spec->arena, words);
	}
	return r < 0 ? r : append_mount(call, &mount);
}

int set_inaccessible(const struct option_call *call)
{
	struct spec_mount mount = {.kind = SPEC_MOUNT_INACCESSIBLE};
	int r = read_target(call, call->value, &mount.target);

	return r < 0 ? r : append_mount(call, &mount);
}

/* All parts of the value, however many. */
static int split_layers(const struct option_call *call, char ***parts, size_t *count)
{
	struct arena *arena = &call->spec->arena;
	const char *rest = call->value;
	char **part;

	while (rest) {
		part = ARENA_APPEND(arena, *parts, *count);
		if (!part)
			return err_errno(call->error, ENOMEM, "cannot keep the layers");
		*part = text_split(arena, &rest, ':');
		if (!*part)
			return option_refuse(call, "the value ends in a backslash, which is to be "
						   "followed by the character it protects");
	}
	return 0;
}

/* Lower layers and an upper one all lie on the host or all in the tree. */
static int read_layer(const struct option_call *call, const char *text, bool first, char **path,
		      struct spec_mount *mount)
{
	bool in_tree;
	int r = read_source(call, text, path, &in_tree);

	if (r < 0)
		return r;
	if (first)
		mount->source_in_tree = in_tree;
	else if (mount->source_in_tree != in_tree)
		return option_refuse(call, "either all layers begin with '+' and lie in the tree, "
					   "or none");
	return 0;
}

/* The layers of an overlay, COUNT of them, the topmost last; the first ones are lower layers. */
static int read_layers(const struct option_call *call, char *const parts[], size_t count,
		       struct spec_mount *mount)
{
	size_t lowers = count - 1;
	bool writable = !mount->read_only;
	int r = 0;

	mount->layers = arena_alloc(&call->spec->arena, count * sizeof(*mount->layers));
	if (!mount->layers)
		return 0;
	for (size_t i = 0; r == 0 && i < lowers; i++) {
		if (!*parts[i])
			return option_refuse(call, "a lower layer is empty");
		r = read_layer(call, parts[i], i == 0, &mount->layers[mount->layer_count++], mount);
	}
	/* What nothing is written to is one more lower layer. */
	if (r == 0 && *parts[lowers])
		r = read_layer(call, parts[lowers], false,
			       writable ? &mount->upper : &mount->layers[mount->layer_count++],
			       mount);
	return r;
}

/* LOWER[:LOWER...]:UPPER:TARGET, or LOWER:UPPER with the target named like UPPER; an empty UPPER
 * is a throw-away one. */
int set_overlay(const struct option_call *call)
{
	struct spec_mount mount = {
		.kind = SPEC_MOUNT_OVERLAY,
		.read_only = option_action(call)->constant != 0,
	};
	char **parts = NULL;
	size_t count = 0;
	int r = split_layers(call, &parts, &count);

	if (r == 0 && (!parts || count < 2))
		return option_refuse(call, "expected LOWER[:LOWER...]:UPPER:TARGET");
	if (r == 0)
		r = read_layers(call, parts, count == 2 ? 2 : count - 1, &mount);
	if (r == 0)
		r = read_target(call, parts[count - 1] + (count == 2 && *parts[1] == '+'),
				&mount.target);
	return r < 0 ? r : append_mount(call, &mount);
}
