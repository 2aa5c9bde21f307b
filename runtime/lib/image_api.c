/* SPDX-License-Identifier: MIT */
/* The image functions of floe.h. */
#include "../image/image.h"

#include "../base/err.h"
#include "../base/names.h"

#include <errno.h>
#include <string.h>

static uint64_t usec_of(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

int floe_image_list(floe_image_function function, void *context, struct floe_error *error)
{
	struct arena arena = {0};
	struct image *images;
	ssize_t count = image_list(NULL, &arena, &images, error);
	int r = count < 0 ? (int)count : 0;

	for (ssize_t i = 0; r == 0 && i < count; i++) {
		struct floe_image_info info = {
			.name = images[i].name,
			.path = images[i].path,
			.read_only = images[i].read_only,
			.modified_usec = usec_of(images[i].modified),
			.type = image_kind_name(images[i].kind),
			.created_usec = usec_of(images[i].created),
		};

		r = function(context, &info);
	}
	arena_free(&arena);
	return r;
}

int floe_image_name(const char *file, char *name, size_t size)
{
	char found[MACHINE_NAME_MAX + 1];
	int r = image_name_from_file(file, found);

	if (r < 0)
		return r;
	if (strlen(found) >= size)
		return -ENAMETOOLONG;
	strcpy(name, found);
	return 0;
}
