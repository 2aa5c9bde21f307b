/* SPDX-License-Identifier: MIT */
/* From a command line and a host on paper to a plan, the way floe goes. */
#include "fake_plan.h"

#include <stdlib.h>
#include <string.h>

#include "../../runtime/lib/internal.h"
#include "conf_text.h"
#include "unit.h"

#define WORDS_MAX 64

static int read_line(struct fake_plan *fake, const char *line)
{
	CLEANUP_FREE char *text = strdup(line);
	char *words[WORDS_MAX], *position = NULL;
	size_t count = 0;

	assert_non_null(text);
	for (char *word = strtok_r(text, " ", &position); word;
	     word = strtok_r(NULL, " ", &position)) {
		assert_true(count < WORDS_MAX);
		words[count++] = word;
	}
	return floe_spec_parse(fake->handle, count, words, &fake->error);
}

static void read_conf(struct fake_plan *fake, const char *conf)
{
	struct findings findings = {0};

	conf_read_text(fake->spec, conf, strlen(conf), &conf_host, &findings);
	if (findings.count > 0)
		fail_msg("%s", findings.list[0].text);
	fake->spec->conf_file = CONF_PATH;
}

int fake_plan_make_conf(struct fake_plan *fake, const char *conf, const char *line,
			const char *variants)
{
	int r;

	*fake = (struct fake_plan){0};
	r = floe_spec_new(&fake->handle, &fake->error);
	if (r < 0)
		return r;
	fake->spec = &fake->handle->spec;
	if (conf)
		read_conf(fake, conf);
	r = read_line(fake, line);
	if (r == 0)
		r = spec_resolve(fake->spec, &fake->error);
	if (r < 0)
		return r;
	fake_host(&fake->host, fake->spec, variants);
	return plan_make(&fake->plan, fake->spec, &fake->host, &fake->error);
}

int fake_plan_make(struct fake_plan *fake, const char *line, const char *variants)
{
	return fake_plan_make_conf(fake, NULL, line, variants);
}

void fake_plan_free(struct fake_plan *fake)
{
	plan_free(&fake->plan);
	host_free(&fake->host);
	floe_spec_free(fake->handle);
}

const struct op *fake_plan_find(const struct fake_plan *fake, enum op_kind kind)
{
	for (size_t i = 0; i < fake->plan.op_count; i++) {
		if (fake->plan.ops[i].kind == kind)
			return &fake->plan.ops[i];
	}
	return NULL;
}
