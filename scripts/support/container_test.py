"""Uses a server in a container through its published port. See scripts/container-test."""

import sys

from nectar_server import Client, Refused, fill, follow_training, wait_until_ready


def train(url):
    """Fills an empty server, trains, and says which version answers."""
    client = Client(url, timeout=120)
    fill(client, users=200, items=120, each=20)
    job = client.ask("POST", "/train", {"embedding_dimension": 8, "hidden_layers": [16, 8], "epochs": 2})["job"]
    last = follow_training(client, job, lambda state: None, seconds=300)
    if last["state"] != "succeeded":
        raise AssertionError(f"the training ended as {last['state']}: {last}")
    recommend(url)


def recommend(url):
    """Says which model version recommends."""
    answer = Client(url).ask("GET", "/recommend", query={"user_id": "1", "limit": 5})
    if len(answer["items"]) != 5 or answer["fallback"]:
        raise AssertionError(f"this is no recommendation of a model: {answer}")
    print(answer["model"])


def main(step, url):
    wait_until_ready(url, seconds=60)
    {"train": train, "recommend": recommend}[step](url)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (AssertionError, Refused, TimeoutError, OSError) as error:
        sys.exit(f"container-test: {error}")
