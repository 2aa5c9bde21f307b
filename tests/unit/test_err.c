/* SPDX-License-Identifier: MIT */
/* The error object: codes, texts, hints, and that the first failure stays. */
#include "../../runtime/base/err.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void a_failed_act_tells_what_and_why(void **state)
{
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(err_errno(&error, ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_int_equal(error.code, FLOE_ERROR_NOT_FOUND);
	assert_int_equal(error.errnum, ENOENT);
	assert_string_equal(error.message, "cannot open /x: No such file or directory");
}

static void errno_chooses_the_code(void **state)
{
	static const struct {
		int errnum;
		enum floe_error_code code;
	} rows[] = {
		{EPERM, FLOE_ERROR_PERMISSION}, {EACCES, FLOE_ERROR_PERMISSION},
		{ENOENT, FLOE_ERROR_NOT_FOUND}, {EBUSY, FLOE_ERROR_BUSY},
		{EEXIST, FLOE_ERROR_BUSY},      {EIO, FLOE_ERROR_SYSTEM},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_error error = {0};

		assert_int_equal(err_errno(&error, rows[i].errnum, "x"), -rows[i].errnum);
		assert_int_equal(error.code, rows[i].code);
	}
}

static void bad_input_has_no_errno_text(void **state)
{
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(err_usage(&error, "--bind needs a path, got \"%s\"", ""), -EINVAL);
	assert_int_equal(error.code, FLOE_ERROR_USAGE);
	assert_string_equal(error.message, "--bind needs a path, got \"\"");
}

static void a_given_code_is_kept(void **state)
{
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(err_set(&error, FLOE_ERROR_CONTENT, EBADMSG, "entry %d", 3), -EBADMSG);
	assert_int_equal(error.code, FLOE_ERROR_CONTENT);
	assert_int_equal(error.errnum, EBADMSG);
	assert_string_equal(error.message, "entry 3");
}

static void the_first_failure_stays(void **state)
{
	struct floe_error error = {0};

	(void)state;
	err_usage(&error, "first");
	assert_int_equal(err_errno(&error, EIO, "second"), -EIO);
	assert_int_equal(err_set(&error, FLOE_ERROR_CONTENT, EBADMSG, "third"), -EBADMSG);
	assert_int_equal(err_usage(&error, "fourth"), -EINVAL);
	assert_int_equal(error.code, FLOE_ERROR_USAGE);
	assert_string_equal(error.message, "first");
}

static void a_hint_is_appended(void **state)
{
	struct floe_error error = {0};

	(void)state;
	err_errno(&error, EPERM, "cannot mount /proc");
	assert_int_equal(err_hint(&error, "run as %s", "root"), -EPERM);
	assert_string_equal(error.message,
			    "cannot mount /proc: Operation not permitted; run as root");
}

static void the_first_step_named_stays(void **state)
{
	struct floe_error error = {0};

	(void)state;
	err_errno(&error, EIO, "x");
	assert_int_equal(err_step(&error, "launch"), -EIO);
	assert_int_equal(err_step(&error, "run"), -EIO);
	assert_string_equal(error.step, "launch");
}

static void long_texts_are_cut_not_overrun(void **state)
{
	struct floe_error error = {0};
	char text[3000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(err_errno(&error, EIO, "%s", text), -EIO);
	assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
	assert_int_equal(err_hint(&error, "%s", text), -EIO);
	assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
	err_step(&error, text);
	assert_int_equal(strlen(error.step), sizeof(error.step) - 1);
}

static void no_object_gives_the_number_alone(void **state)
{
	(void)state;
	assert_int_equal(err_errno(NULL, EIO, "x"), -EIO);
	assert_int_equal(err_usage(NULL, "x"), -EINVAL);
	assert_int_equal(err_set(NULL, FLOE_ERROR_BUSY, EBUSY, "x"), -EBUSY);
	assert_int_equal(err_hint(NULL, "x"), -EINVAL);
	assert_int_equal(err_step(NULL, "x"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_act_tells_what_and_why),
		cmocka_unit_test(errno_chooses_the_code),
		cmocka_unit_test(bad_input_has_no_errno_text),
		cmocka_unit_test(a_given_code_is_kept),
		cmocka_unit_test(the_first_failure_stays),
		cmocka_unit_test(a_hint_is_appended),
		cmocka_unit_test(the_first_step_named_stays),
		cmocka_unit_test(long_texts_are_cut_not_overrun),
		cmocka_unit_test(no_object_gives_the_number_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
