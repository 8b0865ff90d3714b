"""Entry script of a batch deployment and of a parallel job: one `sdxl-refine batch` for each mini-batch.

Azure gives run() the paths of a mini-batch: pictures, or CSV and JSONL manifests. Each run() is a whole run in its own folder, so that a
mini-batch that is tried again begins anew, and mini-batches of other processes are never in the way. A failed picture is a row, not an error of
the mini-batch.

Variables: SDXL_REFINE_ARGS, more arguments of batch (as in a shell); every option of batch as SDXL_REFINE_<OPTION>, such as
SDXL_REFINE_PROMPT; SDXL_REFINE_COMMAND, if it is not the image's.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys

COMMAND = shlex.split(os.environ.pop("SDXL_REFINE_COMMAND", "node /opt/sdxl-refine/bin/sdxl-refine.js"))
ARGS = shlex.split(os.environ.pop("SDXL_REFINE_ARGS", ""))
# 1: some rows failed. Their lines say so.
FINISHED = (0, 1)


def init():
    subprocess.run([*COMMAND, "--version"], check=True, stdout=sys.stderr)


def run(mini_batch):
    """One JSON line of results for each row, as results.jsonl has them."""
    inputs = [os.path.abspath(path) for path in mini_batch]
    name = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:16]
    # Set for batch endpoints and for an output of append_row; all processes share it.
    output = os.path.join(os.environ.get("AZUREML_BI_OUTPUT_PATH", "outputs"), name)
    shutil.rmtree(output, ignore_errors=True)
    model = os.environ.get("AZUREML_MODEL_DIR")
    given = ["--model", model_folder(model)] if model and "SDXL_REFINE_MODEL" not in os.environ else []
    command = [*COMMAND, "batch", f"--output-dir={output}", *given, *ARGS, "--", *inputs]
    # stdout is for rows; progress and messages go to the log of the process.
    code = subprocess.run(command, stdout=sys.stderr).returncode
    if code not in FINISHED:
        raise RuntimeError(f"sdxl-refine ended with exit code {code}; its messages are above in this log")
    with open(os.path.join(output, "results.jsonl"), encoding="utf-8") as results:
        return [json.dumps({"folder": name, **json.loads(line)}, ensure_ascii=False) for line in results]


def model_folder(folder):
    """The folder with model_index.json or unet: a registered model may be one level down."""
    for candidate in (folder, *sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())):
        if any(os.path.exists(os.path.join(candidate, part)) for part in ("model_index.json", "unet")):
            return candidate
    return folder
