/* SPDX-License-Identifier: MIT */
/* Setting credentials: named secrets from a file or from the command line. */
#include "option.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What systemd takes for one credential at most (CREDENTIAL_SIZE_MAX, creds-util.h). */
#define CREDENTIAL_SIZE_MAX (1024 * 1024)

/* A file name that is printable ASCII, as in systemd.exec(5). */
static bool id_valid(const char *id)
{
	if (!*id || strlen(id) > 255 || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return false;
	for (; *id; id++)
		if (*id <= ' ' || *id > '~' || *id == '/' || *id == ':')
			return false;
	return true;
}

/* Splits TEXT, which is ID:REST; refuses bad and double ids. */
static int read_id(const struct option_call *call, const char *text, char **id, const char **rest)
{
	struct spec *spec = call->spec;
	const char *colon = strchr(text, ':');

	*id = arena_strndup(&spec->arena, text, colon ? (size_t)(colon - text) : 0);
	if (!id_valid(*id))
		return option_refuse(call,
				     "expected %s, the id a file name of printable ASCII "
				     "without blanks",
				     call->option->argument);
	for (size_t i = 0; i < spec->credential_count; i++)
		if (strcmp(spec->credentials[i].id, *id) == 0)
			return option_refuse(call, "there is a credential %s already", *id);
	*rest = colon + 1;
	return 0;
}

static int append_credential(const struct option_call *call, const struct spec_credential *from)
{
	struct spec *spec = call->spec;
	struct spec_credential *slot =
		ARENA_APPEND(&spec->arena, spec->credentials, spec->credential_count);

	if (slot)
		*slot = *from;
	return 0;
}

/* ID:PATH, an absolute path or a name in the caller's own credential directory. */
int set_credential_path(const struct option_call *call)
{
	struct spec_credential credential = {0};
	struct arena *arena = &call->spec->arena;
	const char *directory, *path;
	int r = read_id(call, call->value, &credential.id, &path);

	if (r < 0)
		return r;
	credential.path = path_simplify(arena, path);
	if (*path != '/' && id_valid(path)) {
		directory = getenv("CREDENTIALS_DIRECTORY");
		if (!directory || *directory != '/')
			return option_refuse(call, "a name instead of a path is looked up in "
						   "$CREDENTIALS_DIRECTORY, which is not set");
		credential.path =
			path_simplify(arena, arena_printf(arena, "%s/%s", directory, path));
	}
	if (!path_is_sane(credential.path))
		return option_refuse(call, "expected ID:PATH, the path absolute and without "
					   "control characters");
	return append_credential(call, &credential);
}

/* The value of a digit of any base up to 16; 16 for what is none. */
static uint32_t digit_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return found ? (uint32_t)(found - digits) : 16;
}

/* Exactly COUNT digits of BASE. */
static bool read_code(const char *text, uint32_t base, int count, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < count; i++) {
		uint32_t digit = digit_of(text[i]);

		if (digit >= base)
			return false;
		*code = *code * base + digit;
	}
	return true;
}

/* RFC 3629, section 3. */
static size_t put_utf8(uint32_t code, uint8_t *out)
{
	int tail = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};

	out[0] = (uint8_t)(first[tail] | code >> 6 * tail);
	for (int i = 1; i <= tail; i++)
		out[i] = (uint8_t)(0x80 | (code >> 6 * (tail - i) & 0x3f));
	return (size_t)tail + 1;
}

/* The escapes with digits: what follows the backslash, how many digits, of what base. */
static const struct escape {
	char letter;
	uint32_t base;
	int digits;
	bool character; /* the number is a character, to be written as UTF-8 */
} numeric_escapes[] = {
	{'x', 16, 2, false},
	{'u', 16, 4, true},
	{'U', 16, 8, true},
	{'\0', 8, 3, false}, /* \NNN has no letter */
};

/* One numeric escape at TEXT, behind the backslash. Returns the bytes read, or 0. */
static size_t unescape_number(const char *text, uint8_t *out, size_t *size)
{
	const struct escape *escape = numeric_escapes;
	uint32_t code;

	while (escape->letter && escape->letter != *text)
		escape++;
	if (!read_code(text + (escape->letter != 0), escape->base, escape->digits, &code))
		return 0;
	if (!escape->character) {
		if (code > UINT8_MAX)
			return 0;
		out[(*size)++] = (uint8_t)code;
	} else if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		return 0;
	} else {
		*size += put_utf8(code, out + *size);
	}
	return (size_t)escape->digits + (escape->letter != 0);
}

/* Resolves the escapes of C and \s for a blank. OUT has room for strlen(text) bytes: no escape
 * is shorter than what it stands for. */
static int unescape(const char *text, uint8_t *out, size_t *size)
{
	static const char letters[] = "abfnrtvs\\\"'", values[] = "\a\b\f\n\r\t\v \\\"'";

	for (*size = 0; *text;) {
		const char *letter;
		size_t used = 1;

		if (*text != '\\') {
			out[(*size)++] = (uint8_t)*text++;
			continue;
		}
		text++;
		letter = *text ? strchr(letters, *text) : NULL;
		if (letter)
			out[(*size)++] = (uint8_t)values[letter - letters];
		else
			used = unescape_number(text, out, size);
		if (used == 0)
			return -EINVAL;
		text += used;
	}
	return 0;
}

/* ID:VALUE with escapes as in C. The secret is not shown in messages. */
int set_credential_data(const struct option_call *call)
{
	struct option_call silent = *call;
	struct spec_credential credential = {0};
	struct arena *arena = &call->spec->arena;
	const char *text;
	int r;

	silent.value = arena_printf(arena, "%.*s:...", (int)strcspn(call->value, ":"), call->value);
	r = read_id(&silent, call->value, &credential.id, &text);
	if (r < 0)
		return r;
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): option_refuse() never gives 0 */
	credential.data = arena_alloc(arena, strlen(text) + 1);
	if (!credential.data)
		return 0;
	if (unescape(text, credential.data, &credential.size) < 0)
		return option_refuse(&silent, "the value has a bad escape; expected those of C, "
					      "such as \\n, \\x1f, \\017, \\u00e4, and \\\\ for a "
					      "backslash");
	if (credential.size > CREDENTIAL_SIZE_MAX)
		return option_refuse(&silent, "the value is longer than 1 MiB; use "
					      "--load-credential");
	return append_credential(call, &credential);
}
