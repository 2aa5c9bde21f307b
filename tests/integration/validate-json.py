#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks JSON on standard input against the schema in a file, and the schema itself."""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(json.load(sys.stdin), schema, jsonschema.Draft202012Validator)
