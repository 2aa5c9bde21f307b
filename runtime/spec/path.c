/* SPDX-License-Identifier: MIT */
/* Paths as text: simplified, made absolute, judged. Nothing is looked up but the current directory. */
#include "text.h"

#include "../base/cleanup.h"

#include <limits.h>
#include <string.h>

char *path_simplify(struct arena *arena, const char *path)
{
	char *result = arena_strdup(arena, path);
	size_t length = 0;

	if (arena_failed(arena))
		return result;
	if (*path == '/')
		result[length++] = '/';
	while (*path) {
		size_t part = strcspn(path, "/");
		bool skip = part == 0 || (part == 1 && *path == '.');

		if (!skip && length > 0 && result[length - 1] != '/')
			result[length++] = '/';
		if (!skip)
			memmove(result + length, path, part);
		length += skip ? 0 : part;
		path += part + (path[part] == '/');
	}
	result[length] = '\0';
	return result;
}

char *path_from_here(struct arena *arena, const char *path)
{
	CLEANUP_FREE char *here = NULL;

	if (*path == '/')
		return path_simplify(arena, path);
	here = getcwd(NULL, 0);
	if (!here)
		return NULL;
	return path_simplify(arena, arena_printf(arena, "%s/%s", here, path));
}

bool path_is_sane(const char *path)
{
	return *path == '/' && strlen(path) < PATH_MAX && text_is_utf8(path) &&
	       !text_has_control(path);
}

bool path_has_parent(const char *path)
{
	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += part + (path[part] == '/');
	}
	return false;
}
