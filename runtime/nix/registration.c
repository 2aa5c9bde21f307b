/* SPDX-License-Identifier: MIT */
/*
 * Lists of store paths, and registrations as `nix-store --dump-db` writes them: for each path the
 * lines path, hash, size, deriver (may be empty), number of references, and those.
 */
#include "nix.h"

#include "../base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LENGTH 64 /* SHA-256 in hexadecimal */

struct reader {
	struct arena *arena;
	const char *file;
	const char *at, *end;
	size_t line; /* number of the line read last */
	struct floe_error *error;
};

static int refuse(const struct reader *reader, const char *what)
{
	return err_set(reader->error, FLOE_ERROR_CONTENT, EINVAL, "%s, line %zu: %s", reader->file,
		       reader->line, what);
}

/* The next line without its end, in the arena; NULL at the end of the text. */
static char *next_line(struct reader *reader)
{
	const char *start = reader->at, *stop;

	if (start >= reader->end)
		return NULL;
	stop = memchr(start, '\n', (size_t)(reader->end - start));
	if (!stop)
		stop = reader->end;
	reader->at = stop < reader->end ? stop + 1 : stop;
	reader->line++;
	return arena_strndup(reader->arena, start, (size_t)(stop - start));
}

/* A store path and nothing below it. */
static const char *store_path_name(struct reader *reader, const char *path)
{
	const char *name = nix_name(reader->arena, path);

	return name && strlen(path) == sizeof(NIX_STORE) + strlen(name) ? name : NULL;
}

static int read_hash(struct reader *reader, struct nix_path *path)
{
	static const char prefix[] = "sha256:";
	const char *hash = next_line(reader);

	if (hash && strncmp(hash, prefix, sizeof(prefix) - 1) == 0)
		hash += sizeof(prefix) - 1;
	if (!hash || strlen(hash) != HASH_LENGTH || strspn(hash, "0123456789abcdef") != HASH_LENGTH)
		return refuse(reader, "expected a SHA-256 hash in hexadecimal");
	path->hash = hash;
	return 0;
}

static int read_number(struct reader *reader, uint64_t limit, uint64_t *number)
{
	const char *text = next_line(reader);
	char *end;

	if (!text || !*text || text[strspn(text, "0123456789")])
		return refuse(reader, "expected a number");
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno || *number > limit)
		return refuse(reader, "the number is too large");
	return 0;
}

static int read_references(struct reader *reader, struct nix_path *path)
{
	/* No more than there are lines left, whatever the number says. */
	uint64_t count = 0;
	int r = read_number(reader, (uint64_t)(reader->end - reader->at), &count);

	if (r < 0)
		return r;
	path->needs = arena_alloc(reader->arena, (count + 1) * sizeof(*path->needs));
	for (uint64_t i = 0; path->needs && i < count; i++) {
		const char *line = next_line(reader);
		const char *name = line ? store_path_name(reader, line) : NULL;

		if (!name)
			return refuse(reader, "expected a path of /nix/store");
		path->needs[path->need_count++] = name;
	}
	return 0;
}

/* What follows the path in a registration. */
static int read_details(struct reader *reader, struct nix_path *path)
{
	const char *deriver;
	int r = read_hash(reader, path);

	if (r == 0)
		r = read_number(reader, UINT64_MAX, &path->size);
	if (r < 0)
		return r;
	deriver = next_line(reader);
	if (!deriver || (*deriver && !store_path_name(reader, deriver)))
		return refuse(reader, "expected a path of /nix/store, or nothing");
	path->deriver = deriver;
	return read_references(reader, path);
}

static bool is_registration(const struct reader *reader)
{
	struct reader ahead = *reader;
	const char *second;

	next_line(&ahead);
	second = next_line(&ahead);
	return second && *second && *second != '/';
}

static int read_path(struct reader *reader, struct nix_set *set)
{
	const char *line = next_line(reader), *name;
	struct nix_path *path;

	if (!*line && !set->registered)
		return 0;
	name = store_path_name(reader, line);
	if (!name)
		return refuse(reader, "expected a path of /nix/store");
	path = ARENA_APPEND(reader->arena, set->paths, set->count);
	if (!path)
		return -ENOMEM;
	path->name = name;
	return set->registered ? read_details(reader, path) : 0;
}

int nix_parse(struct nix_set *set, const char *text, size_t size, struct arena *arena,
	      const char *file, struct floe_error *error)
{
	struct reader reader = {
		.arena = arena, .file = file, .at = text, .end = text + size, .error = error};
	int r = 0;

	*set = (struct nix_set){0};
	if (memchr(text, '\0', size))
		return err_set(error, FLOE_ERROR_CONTENT, EINVAL,
			       "%s is neither a list of store paths nor a registration", file);
	set->registered = is_registration(&reader);
	while (r == 0 && reader.at < reader.end)
		r = read_path(&reader, set);
	if (r == -ENOMEM || arena_failed(arena))
		return err_errno(error, ENOMEM, "cannot read %s", file);
	if (r < 0)
		return r;
	nix_sort(set);
	return set->registered ? nix_check_closed(set, file, error) : 0;
}

/* Text that grows by doubling. */
struct text {
	struct arena *arena;
	char *data;
	size_t used, room;
};

static void add(struct text *text, const char *more)
{
	size_t length = strlen(more);

	if (text->used + length + 1 > text->room) {
		size_t room = 2 * (text->used + length + 1) + 4096;
		char *data = arena_alloc(text->arena, room);

		if (!data)
			return;
		if (text->used > 0)
			memcpy(data, text->data, text->used);
		text->data = data;
		text->room = room;
	}
	memcpy(text->data + text->used, more, length + 1);
	text->used += length;
}

static void add_number(struct text *text, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu\n", (unsigned long long)number);
	add(text, digits);
}

static void add_path(struct text *text, const char *name)
{
	add(text, NIX_STORE "/");
	add(text, name);
	add(text, "\n");
}

static void add_entry(struct text *text, const struct nix_path *path)
{
	add_path(text, path->name);
	add(text, path->hash);
	add(text, "\n");
	add_number(text, path->size);
	add(text, path->deriver ? path->deriver : "");
	add(text, "\n");
	add_number(text, path->need_count);
	for (size_t i = 0; i < path->need_count; i++)
		add_path(text, path->needs[i]);
}

const char *nix_registration(const struct nix_set *set, const struct nix_set *known,
			     struct arena *arena, size_t *count)
{
	struct text text = {.arena = arena};

	*count = 0;
	add(&text, "");
	for (size_t i = 0; i < set->count; i++) {
		if (nix_find(known, set->paths[i].name))
			continue;
		add_entry(&text, &set->paths[i]);
		(*count)++;
	}
	return text.data;
}

const char *nix_names(const struct nix_set *set, struct arena *arena)
{
	struct text text = {.arena = arena};

	add(&text, "");
	for (size_t i = 0; i < set->count; i++) {
		add(&text, set->paths[i].name);
		add(&text, "\n");
	}
	return text.data;
}

int nix_parse_names(struct nix_set *set, const char *text, size_t size, struct arena *arena)
{
	struct reader reader = {.arena = arena, .at = text, .end = text + size};
	const char *line;

	*set = (struct nix_set){0};
	while ((line = next_line(&reader))) {
		struct nix_path *path;

		if (!*line || strlen(line) > NAME_MAX || strchr(line, '/'))
			return -EINVAL;
		path = ARENA_APPEND(arena, set->paths, set->count);
		if (!path)
			return -ENOMEM;
		path->name = line;
	}
	nix_sort(set);
	return 0;
}
