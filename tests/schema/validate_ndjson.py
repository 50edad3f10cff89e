#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""validate_ndjson.py [--document] < EVENTS: checks each line of NDJSON against docs/events.schema.json: valid, no key
twice, keys in the schema's order. With --document also checks that docs/events.md documents exactly the schema's
fields and that its examples are valid. Prints what is wrong, with line numbers; exit code 1 if anything is, or if there
was no line at all."""

import argparse
import json
import pathlib
import re
import sys

import jsonschema

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def unique_object(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"key {name} stands twice")
    return dict(pairs)


def problems_of(line, validator, order):
    try:
        event = json.loads(line, object_pairs_hook=unique_object)
    except ValueError as error:
        return [str(error)]
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(event)]
    ranks = [order[name] for name in event if name in order] if isinstance(event, dict) else []
    if ranks != sorted(ranks):
        problems.append("keys are not in the schema's order")
    return problems


def document_problems(schema, validator, order):
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z0-9_.]+)` \|", text, re.MULTILINE)
    fields = []
    for name, field in schema["properties"].items():
        fields.append(name)
        reference = field.get("$ref", "").rpartition("/")[2]
        inner = schema["definitions"].get(reference, field)
        if not name.startswith("nt_"):
            fields += [f"{name}.{key}" for key in inner.get("properties", {})]
    problems = [f"events.md: {name} is not in the schema" for name in documented if name not in fields]
    problems += [f"events.md: {name} is not documented" for name in fields if name not in documented]
    problems += [f"events.md: {name} is documented twice" for name in set(documented) if documented.count(name) > 1]
    examples = re.findall(r"^\{.*\}$", text, re.MULTILINE)
    for example in examples:
        problems += [f"events.md, example: {problem}" for problem in problems_of(example, validator, order)]
    shown = {json.loads(example)["operation"] for example in examples}
    missing = set(schema["properties"]["operation"]["enum"]) - shown
    return problems + [f"events.md: no example of operation {name}" for name in sorted(missing)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--document", action="store_true", help="check docs/events.md too")
    arguments = parser.parse_args()
    schema = json.loads((DOCS / "events.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    order = {name: rank for rank, name in enumerate(schema["properties"])}

    problems = document_problems(schema, validator, order) if arguments.document else []
    lines = 0
    for lines, line in enumerate(sys.stdin.buffer, start=1):
        problems += [f"line {lines}: {problem}" for problem in problems_of(line.decode("utf-8"), validator, order)]
    if lines == 0:
        problems.append("no line came in")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
