"""Takes MovieLens 100K out of a downloaded wheel of RecBole, which carries it as an example. See scripts/run."""

import hashlib
import pathlib
import sys
import zipfile

MEMBER = "recbole/dataset_example/ml-100k/"

# Of recbole 1.2.1. Another content would be another data set, and its figures not comparable.
SHA256 = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
}


def main(wheel, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in SHA256.items():
            content = archive.read(MEMBER + name)
            found = hashlib.sha256(content).hexdigest()
            if found != expected:
                sys.exit(f"{wheel} holds another {name} than is known here: SHA-256 {found} instead of {expected}")
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
