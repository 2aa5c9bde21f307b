/* SPDX-License-Identifier: MIT */
/* Importing a tar archive as an image: whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "../../base/names.h"
#include "../staging.h"
#include "decode.h"
#include "export.h"
#include "extract.h"
#include "flush.h"

#define DEFAULT_MEMORY  ((uint64_t)256 << 20)
#define DEFAULT_ENTRIES ((uint64_t)16 << 20)

/* Left free on the file system when nobody said how much an image may take. */
#define FREE_MARGIN ((uint64_t)64 << 20)

/* All of one import. */
struct import {
	const struct image_import *request;
	struct image_report *report;
	struct floe_error *error;
	struct staging staging;
	struct source source;
	struct ring ring;
	struct decode_thread decode;
	struct flush flush;
};

static int choose_name(struct import *import)
{
	const struct image_import *request = import->request;
	char *name = import->report->name;

	if (request->name && !machine_name_valid(request->name))
		return err_usage(import->error, "\"%s\" is not a valid image name", request->name);
	if (request->name) {
		snprintf(name, sizeof(import->report->name), "%s", request->name);
		return 0;
	}
	if (!request->source || strcmp(request->source, "-") == 0 ||
	    image_name_from_file(request->source, name) < 0)
		return err_usage(import->error, "the image needs a name: none follows from \"%s\"",
				 request->source ?: "");
	return 0;
}

static unsigned int processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	return (unsigned int)CPU_COUNT(&set);
}

static int prepare_decoder(struct import *import)
{
	const struct image_import *request = import->request;
	uint64_t memory = request->memory ?: DEFAULT_MEMORY;
	ssize_t seen = source_peek(&import->source, import->error);

	if (seen < 0)
		return (int)seen;
	if (seen == 0)
		return err_set(import->error, FLOE_ERROR_CONTENT, EMEDIUMTYPE, "%s is empty",
			       import->source.name);
	import->decode = (struct decode_thread){
		.source = &import->source,
		.ring = &import->ring,
		.decoder = decoder_find(import->source.peeked, (size_t)seen),
		.limits =
			{
				.memory = memory > 2 * RING_SIZE ? memory - RING_SIZE : RING_SIZE,
				.threads = request->threads ?: processors(),
			},
	};
	return 0;
}

static uint64_t free_bytes(const struct staging *staging)
{
	struct statvfs status;
	uint64_t room;

	/* Some file systems do not say: then the end of the disk is noticed when it is reached. */
	if (fstatvfs(staging->root, &status) < 0 || !status.f_blocks)
		return UINT64_MAX;
	room = (uint64_t)status.f_bavail * status.f_frsize;
	return room > FREE_MARGIN ? room - FREE_MARGIN : 0;
}

static int unpack(struct import *import)
{
	const struct image_import *request = import->request;
	struct extract extract = {
		.request = request,
		.report = import->report,
		.error = import->error,
		.source = &import->source,
		.ring = &import->ring,
		.flush = &import->flush,
		.directory = import->staging.directory,
		.max_bytes = request->max_bytes ?: free_bytes(&import->staging),
		.max_entries = request->max_entries ?: DEFAULT_ENTRIES,
		.root = import->staging.root,
	};
	int result = 0, flushed;

	if (!request->no_sync)
		result = flush_start(&import->flush, import->staging.root, import->error);
	if (result == 0)
		result = decode_start(&import->decode, import->error);
	if (result < 0) {
		flush_end(&import->flush);
		return result;
	}
	result = extract_all(&extract);
	flushed = flush_end(&import->flush);
	ring_abort(&import->ring);
	decode_join(&import->decode);
	import->report->bytes_read = import->source.bytes_read;
	if (result == 0 && flushed < 0)
		return err_errno(import->error, -flushed, "cannot write the image to the disk");
	if (result == 0)
		result = extract_check(&extract, true);
	return result;
}

static bool looks_usable(int root)
{
	static const char *const signs[] = {"nix/store", "usr", "bin", "sbin/init", "init"};
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (fstatat(root, signs[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

/* A name must not stand for data that a power cut could still take away. */
static int settle(struct import *import)
{
	const struct image_import *request = import->request;
	int result = request->checked ? request->checked(request->context, import->error) : 0;

	if (result < 0)
		return result;
	import->report->looks_usable = looks_usable(import->staging.root);
	if (!request->no_sync && syncfs(import->staging.root) < 0)
		return err_errno(import->error, errno, "cannot write the image to the disk");
	return staging_commit(&import->staging, import->error);
}

static int fill_tree(struct import *import)
{
	int result = prepare_decoder(import);

	if (result < 0)
		return result;
	result = ring_init(&import->ring);
	if (result < 0)
		return err_errno(import->error, -result, "cannot prepare the import");
	import->source.abort_fd = import->ring.abort_fd;
	result = unpack(import);
	ring_free(&import->ring);
	return result;
}

static int import_opened(struct import *import)
{
	int result = staging_start(&import->staging, import->error);

	if (result < 0)
		return result;
	result = staging_make_tree(&import->staging, import->error);
	if (result == 0)
		result = fill_tree(import);
	if (result == 0)
		result = settle(import);
	if (result < 0)
		staging_discard(&import->staging);
	return result;
}

static int import_tar(const struct image_import *request, struct image_report *report,
		      struct floe_error *error)
{
	struct image_report unwanted;
	struct import import = {
		.request = request,
		.report = report ?: &unwanted,
		.error = error,
	};
	int result;

	*import.report = (struct image_report){0};
	result = choose_name(&import);
	if (result == 0)
		result = source_open(&import.source, request, error);
	if (result < 0)
		return result;
	import.staging = (struct staging){
		.directory = request->directory ?: IMAGE_ROOT,
		.name = import.report->name,
		.replace = request->replace,
		.read_only = request->read_only,
	};
	result = import_opened(&import);
	source_close(&import.source);
	return result;
}

const struct image_module floe_module_image = {
	.import_tar = import_tar,
	.export_tar = export_tar,
};
