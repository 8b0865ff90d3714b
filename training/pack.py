"""Put all that train_unet.py needs on a machine without a network into one archive: .gpu/train.tar.xz.

The drawings of the training and validation names (lossless WebP), the autoencoder, CLIP's merges, these scripts and
the Python packages that such a machine may lack. `remote.sh` in it unpacks and trains.
"""

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
ROOT = HERE.parent
WHEELS = ("diffusers==0.42.1", "importlib_metadata", "lazy_importer", "zipp")


def compressed(rgba):
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "WEBP", lossless=True, quality=80, method=4)
    return buffer.getvalue()


def drawings():
    """(bytes of all pictures one after the other, index with their lengths); no held-out test drawing is among them."""
    rows = json.loads((HERE / "data" / "index.json").read_text())
    keep = [i for i, row in enumerate(rows) if row["split"] != "test"]
    pictures = np.load(HERE / "data" / "pictures.npy", mmap_mode="r")
    with ProcessPoolExecutor() as pool:
        parts = list(pool.map(compressed, (np.array(pictures[i]) for i in keep), chunksize=64))
    return b"".join(parts), json.dumps([rows[i] | {"bytes": len(part)} for i, part in zip(keep, parts)]).encode()


def drawing(stored):
    return np.asarray(Image.open(io.BytesIO(stored)).convert("RGBA"))


def unpack():
    """On the other machine: data/pictures.npy and the rows of data/index.json, as make_data.py writes them."""
    stored, rows = (HERE / "data" / "drawings.bin").read_bytes(), json.loads((HERE / "data" / "index.json").read_text())
    ends = np.cumsum([row["bytes"] for row in rows])
    with ProcessPoolExecutor() as pool:
        parts = [stored[end - row["bytes"] : end] for row, end in zip(rows, ends)]
        np.save(HERE / "data" / "pictures.npy", np.stack(list(pool.map(drawing, parts, chunksize=64))))
    print(f"{len(rows)} drawings")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unpack", action="store_true", help="on the other machine: the drawings again as make_data.py writes them")
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu" / "train.tar.xz")
    arguments = parser.parse_args()
    if arguments.unpack:
        unpack()
        return
    out = arguments.out
    out.parent.mkdir(exist_ok=True)
    stored, index = drawings()
    print(f"{len(stored) / 2**20:.1f} MiB of drawings", flush=True)
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, *WHEELS], check=True)
        with tarfile.open(out, "w:xz", preset=6) as archive:
            for path in sorted(Path(wheels).glob("*.whl")):
                archive.add(path, f"wheels/{path.name}")
            for path in sorted(HERE.glob("*.py")) + sorted(HERE.glob("*.sh")):
                archive.add(path, f"training/{path.name}")
            archive.add(ROOT / "models/emoji-refiner/vae", "models/emoji-refiner/vae")
            archive.add(ROOT / "models/clip-tokenizer/merges.txt", "models/clip-tokenizer/merges.txt")
            for name, data in (("training/data/drawings.bin", stored), ("training/data/index.json", index)):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    print(f"{out}: {out.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
