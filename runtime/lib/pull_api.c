/* SPDX-License-Identifier: MIT */
/* Importing archives from servers: fetched by one thread, unpacked by another, verified in between. */
#include "../base/cleanup.h"
#include "../base/err.h"
#include "../base/names.h"
#include "../image/checksums.h"
#include "../image/pull.h"
#include "../sys/path.h"
#include "import.h"
#include "module.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Lists and signatures are a few hundred bytes; more is not what was asked for. */
#define LIST_MAX ((uint64_t)1 << 20)

#define URL_MAX  4096

/* What may wait between the two threads. */
#define PIPE_SIZE (1 << 20)

struct pull {
	const struct pull_module *module;
	struct floe_pull_options options;
	struct floe_import_options import;
	struct pull_request request;
	struct pull_progress progress;
	struct floe_error *error;
	char file[URL_MAX]; /* what the file is called, in lists too */
	unsigned char wanted[SHA256_SIZE];

	pthread_t thread;
	struct sha256 sha;
	int output; /* of the thread */
	bool joined;
	int result; /* of the thread, with its message */
	struct floe_error failure;
};

/* ---- URLs ---- */

static int hex(char c)
{
	return c >= '0' && c <= '9'                 ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

/* The last component of the path of URL, percent signs resolved (RFC 3986, 2.1). */
static void file_of_url(const char *url, char file[static URL_MAX])
{
	size_t end = strcspn(url, "?#"), begin = end, used = 0;

	while (begin > 0 && url[begin - 1] != '/')
		begin--;
	for (; begin < end && used < URL_MAX - 1; begin++) {
		char c = url[begin];

		if (c == '%' && end - begin > 2 && hex(url[begin + 1]) >= 0 &&
		    hex(url[begin + 2]) >= 0) {
			c = (char)(hex(url[begin + 1]) * 16 + hex(url[begin + 2]));
			begin += 2;
		}
		file[used++] = c;
	}
	file[used] = '\0';
}

/* NAME beside URL, in the same directory; or, with WHOLE, URL itself with NAME at its end. */
static int url_beside(const char *url, const char *name, bool whole, char made[static URL_MAX])
{
	size_t end = strcspn(url, "?#");
	int length;

	while (!whole && end > 0 && url[end - 1] != '/')
		end--;
	length = snprintf(made, URL_MAX, "%.*s%s", (int)end, url, name);
	return length < URL_MAX ? 0 : -ENAMETOOLONG;
}

static int check_url(const char *url, struct floe_error *error)
{
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0) {
		err_usage(error, "\"%.200s\" is no URL of http or https", url);
		return err_hint(error, "files are imported by import-tar");
	}
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_usage(error, "the URL has blanks or control characters in it");
	return strlen(url) < URL_MAX - 64 ? 0 : err_usage(error, "the URL is too long");
}

/* ---- What is small: lists and signatures ---- */

struct text {
	char *data;
	size_t size;
};

static int keep_text(void *context, const void *data, size_t size)
{
	struct text *text = context;
	char *grown = realloc(text->data, text->size + size);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + text->size, data, size);
	text->data = grown;
	text->size += size;
	return 0;
}

static int fetch_text(struct pull *pull, const char *url, struct text *text,
		      struct floe_error *error)
{
	struct pull_request request = pull->request;
	int r;

	request.url = url;
	request.max_bytes = LIST_MAX;
	request.progress = NULL;
	r = pull->module->fetch(&request, keep_text, text, error);
	if (r == -ENOMEM)
		err_errno(error, ENOMEM, "cannot fetch %s", url);
	return r;
}

/* The first of two that the server has; URL becomes its own. */
static int fetch_either(struct pull *pull, const char *first, const char *second,
			char url[static URL_MAX], struct text *text)
{
	struct floe_error none = {0};
	int r = fetch_text(pull, first, text, &none);

	snprintf(url, URL_MAX, "%s", first);
	if (r == 0)
		return 0;
	if (r == -ENOENT) {
		snprintf(url, URL_MAX, "%s", second);
		r = fetch_text(pull, second, text, NULL);
	}
	if (r < 0 && r != -ENOENT && pull->error)
		*pull->error = none;
	return r;
}

/* ---- Verification ---- */

static int check_signature(struct pull *pull, const char *list_url, const struct text *list)
{
	char binary[URL_MAX], armored[URL_MAX], url[URL_MAX];
	struct text signature = {0};
	int r = url_beside(list_url, ".gpg", true, binary);

	if (r == 0)
		r = url_beside(list_url, ".asc", true, armored);
	if (r == 0)
		r = fetch_either(pull, binary, armored, url, &signature);
	if (r == -ENOENT) {
		err_set(pull->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			"there is no signature of %s on the server", list_url);
		err_hint(pull->error, "--verify=checksum is satisfied with the checksum");
	}
	if (r == 0)
		r = pull_verify(&(struct pull_bytes){list->data, list->size},
				&(struct pull_bytes){signature.data, signature.size},
				pull->options.keyring, list_url, pull->error);
	free(signature.data);
	return r < 0 ? err_errno(pull->error, -r, "cannot verify the signature of %s", list_url)
		     : 0;
}

static int take_checksum(struct pull *pull, const char *url, const struct text *list)
{
	int r = checksums_find(list->data, list->size, pull->file, pull->wanted);

	if (r == -ENOENT)
		return err_set(pull->error, FLOE_ERROR_CONTENT, EBADMSG,
			       "%s has no checksum of \"%.200s\"", url, pull->file);
	if (r < 0)
		return err_set(pull->error, FLOE_ERROR_CONTENT, EBADMSG,
			       "%s has different checksums of \"%.200s\"", url, pull->file);
	return pull->options.verify == FLOE_VERIFY_SIGNATURE ? check_signature(pull, url, list) : 0;
}

/* What the file has to be is known, and who says so checked, before any of it is fetched. */
static int prepare_verification(struct pull *pull)
{
	char common[URL_MAX], own[URL_MAX], url[URL_MAX];
	struct text list = {0};
	int r;

	if (pull->options.verify == FLOE_VERIFY_NO)
		return 0;
	r = url_beside(pull->request.url, "SHA256SUMS", false, common);
	if (r == 0)
		r = url_beside(pull->request.url, ".sha256", true, own);
	if (r == 0)
		r = fetch_either(pull, common, own, url, &list);
	if (r == -ENOENT) {
		err_set(pull->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			"there is no %s and no %.200s.sha256 on the server", common, pull->file);
		err_hint(pull->error, "--verify=no imports it as it is");
	}
	if (r == 0)
		r = take_checksum(pull, url, &list);
	free(list.data);
	return r < 0 ? err_errno(pull->error, -r, "cannot verify %s", pull->request.url) : 0;
}

static int check_digest(struct pull *pull, struct floe_error *error)
{
	char wanted[2 * SHA256_SIZE + 1], found[2 * SHA256_SIZE + 1];
	unsigned char digest[SHA256_SIZE];

	if (pull->options.verify == FLOE_VERIFY_NO)
		return 0;
	sha256_end(&pull->sha, digest);
	if (memcmp(digest, pull->wanted, SHA256_SIZE) == 0)
		return 0;
	return err_set(error, FLOE_ERROR_CONTENT, EBADMSG,
		       "the checksum of %s is wrong: expected %s, found %s; nothing of it is left",
		       pull->request.url, checksum_text(pull->wanted, wanted),
		       checksum_text(digest, found));
}

/* ---- The archive ---- */

static int pass_on(void *context, const void *data, size_t size)
{
	struct pull *pull = context;

	if (pull->options.verify != FLOE_VERIFY_NO)
		sha256_add(&pull->sha, data, size);
	return fd_write_all(pull->output, data, size);
}

static void *fetch_main(void *argument)
{
	struct pull *pull = argument;

	pull->result = pull->module->fetch(&pull->request, pass_on, pull, &pull->failure);
	close(pull->output);
	return NULL;
}

static int start_fetch(struct pull *pull, int output)
{
	sigset_t all, before;
	int r;

	pull->output = output;
	sha256_begin(&pull->sha);
	/* Signals stay the business of the caller's threads; and when nobody reads any more, that
	 * is EPIPE instead of SIGPIPE. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&pull->thread, NULL, fetch_main, pull);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? err_errno(pull->error, r, "cannot start a thread for fetching") : 0;
}

static void join_fetch(struct pull *pull)
{
	if (!pull->joined)
		pthread_join(pull->thread, NULL);
	pull->joined = true;
}

static int tell_progress(void *context, const struct image_progress *progress)
{
	struct pull *pull = context;

	if (!pull->import.progress)
		return 0;
	return pull->import.progress(pull->import.context, pull->progress.bytes,
				     pull->progress.total, progress->entries);
}

/* All was unpacked: whether it was all there was, and the right thing. */
static int check_fetched(void *context, struct floe_error *error)
{
	struct pull *pull = context;

	join_fetch(pull);
	return pull->result < 0 ? pull->result : check_digest(pull, error);
}

static int import(struct pull *pull, const char *name, int input, struct floe_error *error)
{
	const struct image_module *module = module_image(error);
	struct image_import request = import_request(name, &pull->import);
	struct image_report report;
	int r;

	if (!module)
		return -ENOENT;
	request.source = pull->request.url;
	request.source_open = true;
	request.source_fd = input;
	request.progress = tell_progress;
	request.checked = check_fetched;
	request.context = pull;
	r = module->import_tar(&request, &report, error);
	if (r == 0)
		import_report(&pull->import, &report);
	return r;
}

/* Why it failed: when fetching did, the rest follows from that; unless it only did because the
 * import had ended. */
static int explain(struct pull *pull, int r, const struct floe_error *of_import)
{
	bool fetch_failed = pull->result < 0 && pull->result != -EPIPE &&
			    pull->result != -ECANCELED && pull->failure.code != FLOE_ERROR_NONE;

	if (pull->error && pull->error->code == FLOE_ERROR_NONE)
		*pull->error = fetch_failed ? pull->failure : *of_import;
	return fetch_failed ? pull->result : r;
}

static int run(struct pull *pull, const char *name)
{
	struct floe_error of_import = {0};
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(pull->error, errno, "cannot fetch %s", pull->request.url);
	/* More than the usual 64 KiB where it is allowed. */
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	r = start_fetch(pull, ends[1]);
	if (r < 0) {
		close(ends[0]);
		close(ends[1]);
		return r;
	}
	r = import(pull, name, ends[0], &of_import);
	pull->progress.stop = r < 0;
	close(ends[0]);
	join_fetch(pull);
	return r < 0 ? explain(pull, r, &of_import) : 0;
}

int floe_pull_tar(const char *url, const char *name, const struct floe_pull_options *given,
		  const struct floe_import_options *import_options, struct floe_error *error)
{
	char chosen[MACHINE_NAME_MAX + 1];
	struct pull pull = {.error = error};
	int r = OPTIONS_TAKE(pull.options, given, error);

	if (r == 0)
		r = OPTIONS_TAKE(pull.import, import_options, error);
	if (r == 0)
		r = check_url(url, error);
	if (r < 0)
		return r;
	pull.module = module_pull(error);
	if (!pull.module)
		return -ENOENT;
	file_of_url(url, pull.file);
	if (!name && image_name_from_file(pull.file, chosen) < 0)
		return err_usage(error, "no image name can be made of %.200s; give one", url);
	pull.request = (struct pull_request){
		.url = url,
		.proxy = pull.options.proxy,
		.timeout_s = pull.options.timeout_s,
		.max_bytes = pull.import.max_bytes,
		.progress = &pull.progress,
	};
	r = prepare_verification(&pull);
	return r < 0 ? r : run(&pull, name ?: chosen);
}
