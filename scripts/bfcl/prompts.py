"""The official prompt of every row of a category: JSON Lines {"id", "messages"} for the files of rows named, in order."""

import json
import sys
import types
from pathlib import Path

table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = {}
sys.modules[table.__name__] = table

from bfcl_eval.model_handler.utils import system_prompt_pre_processing_chat_model  # noqa: E402
from bfcl_eval.utils import add_language_specific_hint_to_function_doc  # noqa: E402


def main():
    data, target, *categories = sys.argv[1:]
    with open(target, "w", encoding="utf-8") as file:
        for category in categories:
            lines = Path(data, f"BFCL_v4_{category}.json").read_text(encoding="utf-8").splitlines()
            rows = add_language_specific_hint_to_function_doc([json.loads(line) for line in lines if line.strip()])
            for row in rows:
                messages = system_prompt_pre_processing_chat_model(row["question"][0], row["function"], row["id"])
                file.write(json.dumps({"id": row["id"], "messages": messages}) + "\n")


if __name__ == "__main__":
    main()
