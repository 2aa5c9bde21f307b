/* SPDX-License-Identifier: MIT */
/* A process on a stack of its own, and what it lets go of. */
#include "../../runtime/sys/memory.h"
#include "../../runtime/sys/process.h"
#include "../../runtime/sys/title.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "unit.h"

/* AddressSanitizer needs all of it: then nothing goes. */
#if defined(__SANITIZE_ADDRESS__)
#define GOES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GOES 0
#endif
#endif
#ifndef GOES
#define GOES 1
#endif

#define OWN_SIZE (1 << 18)

static char zeros[100000]; /* where variables without a value are */
static char values[] = "a variable with a value";

/* What a process looks at: whether it is there, by a system call that fails otherwise. */
struct place {
	const char *what;
	const void *address;
	bool stays;
};

struct test {
	void *own;
	int pipe; /* takes bytes that are there */
	struct place places[6];
};

static bool is_there(int pipe, const void *address)
{
	return write(pipe, address, 1) == 1 || errno != EFAULT;
}

/* Returns 1 + the first place that is not as it should be. */
static int look(void *context)
{
	const struct test *test = context;
	char title[16] = "";
	int fd;

	if (memory_keep_only(test->own, OWN_SIZE) < 0)
		return 100;
	for (int i = 0; i < (int)ARRAY_SIZE(test->places); i++)
		if (is_there(test->pipe, test->places[i].address) !=
		    (test->places[i].stays || !GOES))
			return i + 1;
	if (!GOES)
		return 0;
	if (title_set("a title") < 0)
		return 101;
	fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	if (read(fd, title, sizeof(title) - 1) < 0 || strcmp(title, "a title") != 0)
		return 102;
	errno = 0;
	zeros[1]++;
	return 0;
}

static void run_look(struct test *test)
{
	int status = 0, pidfd = -1;

	memcpy(test->own, test, sizeof(*test));
	assert_true(process_clone_on((char *)test->own + OWN_SIZE, look, test->own, &pidfd) > 0);
	assert_int_equal(process_wait(pidfd, &status), 0);
	close(pidfd);
	if (!WIFEXITED(status))
		fail_msg("the process was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) > 0 && WEXITSTATUS(status) < 100)
		fail_msg("%s is not as it should be", test->places[WEXITSTATUS(status) - 1].what);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Of the stack a part that is far from where the thread's own data is. */
static void *let_go(void *unused)
{
	char stack[100000] = "s", *heap = malloc(1 << 20), *small = malloc(16);
	struct test test = {.own = mmap(NULL, OWN_SIZE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int pair[2];

	(void)unused;
	assert_non_null(heap);
	assert_non_null(small);
	assert_ptr_not_equal(test.own, MAP_FAILED);
	assert_ptr_not_equal(shared, MAP_FAILED);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	test.pipe = pair[1];
	memset(heap, 'h', 1 << 20);
	*small = *shared = 's';
	memcpy(test.places,
	       (struct place[]){
		       {"the great heap", heap + (1 << 19), false},
		       {"what is shared", shared, false},
		       {"the caller's stack", stack, false},
		       {"a variable without a value", zeros + sizeof(zeros) - 1, true},
		       {"a variable with a value", values, true},
		       {"its own memory", (char *)test.own + OWN_SIZE / 2, true},
	       },
	       sizeof(test.places));
	run_look(&test);
	assert_int_equal(zeros[1], 0);
	assert_int_equal(stack[0], 's');
	close(pair[0]);
	close(pair[1]);
	munmap(test.own, OWN_SIZE);
	munmap(shared, 4096);
	free(heap);
	free(small);
	return NULL;
}

static void a_process_lets_go(void **state)
{
	(void)state;
	let_go(NULL);
}

static void a_process_of_another_thread_lets_go(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, let_go, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_lets_go),
		cmocka_unit_test(a_process_of_another_thread_lets_go),
	};

	return cmocka_run_group_tests_name("memory of a cloned process", tests, NULL, NULL);
}
