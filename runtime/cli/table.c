/* SPDX-License-Identifier: MIT */
/* Rows of text in columns as wide as they need to be. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static void add_cell(struct text_table *table, const char *text)
{
	size_t column = table->cell_count % table->columns, width = strlen(text);
	char **cells = realloc(table->cells, (table->cell_count + 1) * sizeof(*cells));

	if (!cells) {
		table->failed = true;
		return;
	}
	table->cells = cells;
	cells[table->cell_count] = strdup(text);
	if (!cells[table->cell_count]) {
		table->failed = true;
		return;
	}
	table->cell_count++;
	if (table->widths[column] < width)
		table->widths[column] = width;
}

void table_add(struct text_table *table, const char *const cells[])
{
	for (size_t i = 0; i < table->columns && !table->failed; i++)
		add_cell(table, cells[i]);
}

/* The last column is not padded. */
static void print_row(const struct text_table *table, size_t row, const char *before,
		      const char *after)
{
	char *const *cells = table->cells + row * table->columns;

	fputs(before, stdout);
	for (size_t i = 0; i + 1 < table->columns; i++)
		printf("%-*s  ", (int)table->widths[i], cells[i]);
	printf("%s%s\n", cells[table->columns - 1], after);
}

int table_print(struct text_table *table, bool legend)
{
	bool bold = use_colours(stdout);

	if (table->failed)
		say_failure("out of memory");
	for (size_t row = legend ? 0 : 1;
	     !table->failed && row < table->cell_count / table->columns; row++)
		print_row(table, row, row == 0 && bold ? "\033[1m" : "",
			  row == 0 && bold ? "\033[0m" : "");
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	return table->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
