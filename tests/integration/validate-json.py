#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks JSON on standard input against the schema in a file, and the schema itself.

    validate-json.py SCHEMA [--lines]

With --lines each line is a text of its own.
"""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
for text in sys.stdin if "--lines" in sys.argv else [sys.stdin.read()]:
    jsonschema.validate(json.loads(text), schema, jsonschema.Draft202012Validator)
