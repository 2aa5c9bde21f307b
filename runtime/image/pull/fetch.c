/* SPDX-License-Identifier: MIT */
/* Fetching a file over HTTP, going on where a connection was cut. */
#include "fetch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "../../base/err.h"

#define DEFAULT_TIMEOUT_S 30
#define CONNECT_MAX_S     30

/* Below this it stands still: a server that sends a byte now and then holds nobody up. */
#define SLOWEST 1024

/* Connections without having got on by PROGRESS_BYTES in between. */
#define ATTEMPTS       4
#define PROGRESS_BYTES ((uint64_t)64 << 10)

#define MAX_REDIRECTS  10

/* ---- Headers ---- */

/* Whether LINE is the header NAME; its value, without blanks around, is copied. */
static bool read_header(const char *line, size_t size, const char *name, char *value, size_t room)
{
	size_t length = strlen(name);

	if (size <= length || strncasecmp(line, name, length) != 0 || line[length] != ':')
		return false;
	line += length + 1;
	size -= length + 1;
	while (size && (*line == ' ' || *line == '\t')) {
		line++;
		size--;
	}
	while (size && strchr(" \t\r\n", line[size - 1]))
		size--;
	if (size >= room)
		return false;
	memcpy(value, line, size);
	value[size] = '\0';
	return true;
}

/* curl calls it for each line, those of redirects included: each answer begins anew. */
static size_t take_header(char *line, size_t unit, size_t count, void *context)
{
	struct fetch *fetch = context;
	struct answer *answer = &fetch->answer;
	size_t size = unit * count;
	char range[64];

	if (size > 5 && memcmp(line, "HTTP/", 5) == 0)
		*answer = (struct answer){.first = UINT64_MAX};
	/* A weak tag does not promise the same bytes (RFC 9110, 13.1.5). */
	if (read_header(line, size, "ETag", answer->tag, sizeof(answer->tag)) &&
	    strncmp(answer->tag, "W/", 2) == 0)
		answer->tag[0] = '\0';
	read_header(line, size, "Last-Modified", answer->modified, sizeof(answer->modified));
	if (read_header(line, size, "Content-Range", range, sizeof(range)) &&
	    strncasecmp(range, "bytes ", 6) == 0)
		answer->first = strtoull(range + 6, NULL, 10);
	return size;
}

static bool is_same_file(const struct answer *before, const struct answer *now)
{
	if (before->tag[0])
		return strcmp(before->tag, now->tag) == 0;
	if (before->modified[0])
		return strcmp(before->modified, now->modified) == 0;
	return before->size == 0 || before->size == now->size;
}

/* ---- Content ---- */

static int error_changed(struct fetch *fetch)
{
	err_set(fetch->error, FLOE_ERROR_CONTENT, ESTALE,
		"%s changed on the server while it was fetched", fetch->request->url);
	err_hint(fetch->error, "try again");
	return -ESTALE;
}

static int error_too_large(struct fetch *fetch)
{
	return err_set(fetch->error, FLOE_ERROR_CONTENT, E2BIG,
		       "%s is larger than the limit of %llu bytes", fetch->request->url,
		       (unsigned long long)fetch->request->max_bytes);
}

static bool is_too_large(const struct fetch *fetch, uint64_t bytes)
{
	return fetch->request->max_bytes && bytes > fetch->request->max_bytes;
}

/* The first bytes of an answer: which part of the file it is. */
static int begin_content(struct fetch *fetch)
{
	struct answer *answer = &fetch->answer;
	curl_off_t size = -1;
	long code = 0;

	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
	fetch->begun = true;
	fetch->skip = 0;
	if (code == 206 && answer->first != fetch->bytes)
		return error_changed(fetch);
	answer->size = size > 0 ? (uint64_t)size + (code == 206 ? fetch->bytes : 0) : 0;
	if (fetch->bytes && !is_same_file(&fetch->first_answer, answer))
		return error_changed(fetch);
	/* All of it, from a server that knows no ranges: what is known already is left out. */
	if (code != 206)
		fetch->skip = fetch->bytes;
	if (!fetch->bytes)
		fetch->first_answer = *answer;
	fetch->request->progress->total = answer->size;
	return is_too_large(fetch, answer->size) ? error_too_large(fetch) : 0;
}

static int take_bytes(struct fetch *fetch, const char *data, size_t size)
{
	int result = fetch->begun ? 0 : begin_content(fetch);

	if (result < 0)
		return result;
	if (fetch->skip >= size) {
		fetch->skip -= size;
		return 0;
	}
	data += fetch->skip;
	size -= fetch->skip;
	fetch->skip = 0;
	fetch->bytes += size;
	fetch->request->progress->bytes = fetch->bytes;
	if (is_too_large(fetch, fetch->bytes))
		return error_too_large(fetch);
	return fetch->sink(fetch->context, data, size);
}

static size_t take_content(char *data, size_t unit, size_t count, void *context)
{
	struct fetch *fetch = context;
	size_t size = unit * count;
	long code = 0;

	/* The text of an error page is not the file. */
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code != 200 && code != 206)
		return size;
	fetch->failure = take_bytes(fetch, data, size);
	return fetch->failure < 0 ? 0 : size;
}

static int ask_stop(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
		    curl_off_t up)
{
	const struct fetch *fetch = context;

	(void)total;
	(void)now;
	(void)up_total;
	(void)up;
	return fetch->request->progress->stop;
}

/* ---- One connection ---- */

#define SET(option, value) curl_easy_setopt(fetch->curl, (option), (value))

static void set_protocols(struct fetch *fetch)
{
	bool secure = strncasecmp(fetch->request->url, "https:", 6) == 0;

#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
#else
	SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	SET(CURLOPT_REDIR_PROTOCOLS,
	    (long)(secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_options(struct fetch *fetch)
{
	long timeout = fetch->request->timeout_s ?: DEFAULT_TIMEOUT_S;

	set_protocols(fetch);
	SET(CURLOPT_URL, fetch->request->url);
	if (fetch->request->proxy)
		SET(CURLOPT_PROXY, fetch->request->proxy);
	SET(CURLOPT_USERAGENT, "floe/" FLOE_VERSION);
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	SET(CURLOPT_CONNECTTIMEOUT, timeout < CONNECT_MAX_S ? timeout : (long)CONNECT_MAX_S);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
	SET(CURLOPT_LOW_SPEED_TIME, timeout);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, fetch);
	SET(CURLOPT_WRITEFUNCTION, take_content);
	SET(CURLOPT_WRITEDATA, fetch);
	SET(CURLOPT_XFERINFOFUNCTION, ask_stop);
	SET(CURLOPT_XFERINFODATA, fetch);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_ERRORBUFFER, fetch->message);
}

/* Asks for the rest. CURLOPT_RESUME_FROM would take servers that send all of it for broken. */
static void set_range(struct fetch *fetch)
{
	char range[32];

	snprintf(range, sizeof(range), "%llu-", (unsigned long long)fetch->bytes);
	SET(CURLOPT_RANGE, fetch->bytes ? range : NULL);
}

static int error_status(struct fetch *fetch, long code)
{
	const char *url = fetch->request->url;

	if (code == 404 || code == 410)
		return err_set(fetch->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			       "the server has no %s (status %ld)", url, code);
	if (code == 416)
		return error_changed(fetch);
	return err_set(fetch->error, FLOE_ERROR_SYSTEM, EIO,
		       "cannot fetch %s: the server answers with status %ld", url, code);
}

static int error_connection(struct fetch *fetch, CURLcode code)
{
	const char *why = fetch->message[0] ? fetch->message : curl_easy_strerror(code);

	err_set(fetch->error, FLOE_ERROR_SYSTEM, EIO, "cannot fetch %s: %s", fetch->request->url,
		why);
	if (code == CURLE_OPERATION_TIMEDOUT)
		err_hint(fetch->error, "the server is silent or too slow; --timeout waits longer");
	return -EIO;
}

/* Whether it may be different next time. A server that never gave any of it is not asked again, unless
 * it says itself that this will pass. */
static bool is_passing(const struct fetch *fetch, CURLcode code, long status)
{
	switch (code) {
	case CURLE_OK:
		return status == 429 || status == 500 || (status >= 502 && status <= 504);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return fetch->bytes > 0;
	default:
		return false;
	}
}

/* 0: all is there. 1: worth another try, the error is in *LAST. */
static int connect_once(struct fetch *fetch, struct floe_error *last)
{
	struct floe_error *given = fetch->error;
	CURLcode code;
	long status = 0;
	int result;

	fetch->begun = false;
	fetch->failure = 0;
	fetch->message[0] = '\0';
	set_range(fetch);
	code = curl_easy_perform(fetch->curl);
	if (fetch->request->progress->stop || code == CURLE_ABORTED_BY_CALLBACK)
		return -ECANCELED;
	if (fetch->failure < 0)
		return fetch->failure;
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && (status == 200 || status == 206))
		return 0;
	*last = (struct floe_error){0};
	fetch->error = last;
	result = code == CURLE_OK ? error_status(fetch, status) : error_connection(fetch, code);
	fetch->error = given;
	return is_passing(fetch, code, status) ? 1 : result;
}

/* ---- All of them ---- */

/* Waits before the next try, longer each time; false when it is to end. */
static bool pause_before(const struct fetch *fetch, unsigned int attempt)
{
	const struct timespec step = {.tv_nsec = 50 * 1000 * 1000};

	for (unsigned int i = 0; i < 4u << attempt; i++) {
		if (fetch->request->progress->stop)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

static int connect_until_done(struct fetch *fetch)
{
	struct floe_error last = {0};
	uint64_t before = 0;
	int result = 1;

	for (unsigned int attempt = 0; attempt < ATTEMPTS; attempt++) {
		result = connect_once(fetch, &last);
		if (result <= 0)
			break;
		if (fetch->bytes - before >= PROGRESS_BYTES)
			attempt = 0;
		before = fetch->bytes;
		if (attempt + 1 < ATTEMPTS && !pause_before(fetch, attempt))
			return -ECANCELED;
	}
	if (result == 0 || result == -ECANCELED)
		return result;
	if (fetch->error && fetch->error->code == FLOE_ERROR_NONE)
		*fetch->error = last;
	return result < 0 ? result : -EIO;
}

static int fetch_file(const struct pull_request *request, pull_sink *sink, void *context,
		      struct floe_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct pull_progress own = {0};
	struct pull_request asked = *request;
	struct fetch fetch = {.request = &asked, .sink = sink, .context = context, .error = error};
	int result;

	if (!asked.progress)
		asked.progress = &own;
	pthread_once(&once, fetch_global_init);
	fetch.curl = curl_easy_init();
	if (!fetch.curl)
		return err_errno(error, ENOMEM, "cannot fetch %s", request->url);
	set_options(&fetch);
	result = connect_until_done(&fetch);
	curl_easy_cleanup(fetch.curl);
	return result;
}

void fetch_global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

const struct pull_module floe_module_pull = {
	.fetch = fetch_file,
};
