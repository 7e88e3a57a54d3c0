"""The official BFCL checker over a file of answers: what scripts/bfcl-agreement.ts compares with.

Reads JSON Lines {"id", "calls"}, or with --texts {"id", "text"} (prompt mode, read into calls by the official decoder first),
and writes {"id", "valid", "error", "kind"} for each, in order; an exception in the official code is written as invalid with
kind "exception". With --texts also "decoded", what the decoder gave as Python prints it, null where it raised. All of the checking is bfcl-eval's own code; one module of it
is replaced: the table of models, which loads the client library of every vendor and of which the checker reads one flag.
"""

import json
import sys
import time
import types
from pathlib import Path


class Model:
    underscore_to_dot = "--underscores" in sys.argv


class Models(dict):
    def __missing__(self, key):
        return Model()


table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = Models()
sys.modules[table.__name__] = table

from bfcl_eval.constants.enums import Language  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402

FORMAT = (
    "Did not output in the specified format. Note: the model_result is wrapped in a string to ensure json serializability."
)


def is_formed(calls):
    """bfcl_eval.utils.is_function_calling_format_output, whose module loads the client libraries too."""
    if type(calls) != list:
        return False
    for item in calls:
        if type(item) != dict or len(item) != 1 or type(list(item.values())[0]) != dict:
            return False
    return True


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def load_category(data, category):
    name = f"BFCL_v4_{category}.json"
    rows = {row["id"]: row for row in read_lines(data / name)}
    answers = data / "possible_answer" / name
    expected = {row["id"]: row["ground_truth"] for row in read_lines(answers)} if answers.exists() else {}
    return {key: (row["function"], expected.get(key)) for key, row in rows.items()}


def language_of(category):
    if "javascript" in category:
        return Language.JAVASCRIPT
    return Language.JAVA if "java" in category else Language.PYTHON


def check(category, functions, expected, calls):
    """The steps of eval_runner.py after a model's words were decoded."""
    if "relevance" in category:
        called = is_formed(calls) and len(calls) > 0
        if "irrelevance" in category:
            text = "Valid syntax. Successfully decode AST when it should not."
            result = (not called, [text], "irrelevance_error:decoder_success")
        else:
            text = "Invalid syntax. Failed to decode AST when it should have. None"
            result = (called, [text], "relevance_error:decoder_failed")
        return {"valid": True} if result[0] else dict(zip(("valid", "error", "error_type"), result))
    if not is_formed(calls):
        return {"valid": False, "error": [FORMAT], "error_type": "ast_decoder:decoder_wrong_output_format"}
    return ast_checker(functions, calls, expected, language_of(category), category, "model")


def decode(category, text):
    """The prompt mode's decoder: what it gives, or the exception it raises."""
    from bfcl_eval.constants.enums import ReturnFormat
    from bfcl_eval.model_handler.utils import default_decode_ast_prompting

    form = {Language.JAVA: ReturnFormat.JAVA, Language.JAVASCRIPT: ReturnFormat.JAVASCRIPT}
    try:
        return default_decode_ast_prompting(text, form.get(language_of(category), ReturnFormat.PYTHON)), None
    except BaseException as error:
        return None, error


def judge_text(rows, answer):
    category = answer["id"].rsplit("_", 1)[0]
    calls, error = decode(category, answer["text"])
    if error is None:
        return {**judge(rows, {"id": answer["id"], "calls": calls}), "decoded": repr(calls)}
    if "relevance" in category:
        return {**judge(rows, {"id": answer["id"], "calls": None}), "decoded": None}
    text = [f"Invalid syntax. Failed to decode AST. {error}"]
    return {"valid": False, "error": text, "error_type": "ast_decoder:decoder_failed", "decoded": None}


def judge(rows, answer):
    category = answer["id"].rsplit("_", 1)[0]
    try:
        return check(category, *rows[category][answer["id"]], answer["calls"])
    except Exception as error:
        return {"valid": False, "error": [f"{type(error).__name__}: {error}"], "error_type": "exception"}


def main():
    data, source, target = (Path(argument) for argument in sys.argv[1:4])
    answers = read_lines(source)
    rows = {}
    for answer in answers:
        category = answer["id"].rsplit("_", 1)[0]
        if category not in rows:
            rows[category] = load_category(data, category)
    times = []
    rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 1
    for _ in range(rounds):
        start = time.perf_counter()
        results = [(judge_text if "--texts" in sys.argv else judge)(rows, answer) for answer in answers]
        times.append(time.perf_counter() - start)
    with open(target, "w", encoding="utf-8") as file:
        for answer, result in zip(answers, results):
            valid = result["valid"]
            error = None if valid or "decoded" in result else result["error"]
            kind = None if valid else result["error_type"]
            line = {"id": answer["id"], "valid": valid, "error": error, "kind": kind}
            decoded = {"decoded": result["decoded"]} if "decoded" in result else {}
            file.write(json.dumps({**line, **decoded}) + "\n")
    print(json.dumps({"n": len(answers), "seconds": min(times)}))


if __name__ == "__main__":
    main()
