"""Trains a model where there is none, and shows what it recommends to three people. See scripts/run."""

import sys

from nectar_server import Client, Refused, follow_training

PEOPLE = ("1", "42", "405")
SHOWN_LIKED, SHOWN_RECOMMENDED = 4, 6
LONGEST_TRAINING_SECONDS = 1800


class JobLines:
    """One line for each trial and each epoch, whatever number of states the job is read in."""

    def __init__(self):
        self.epoch = 0
        self.trials = 0
        self.is_chosen = False

    def __call__(self, job):
        self.search(job.get("search") or {})
        self.training(job)

    def search(self, search):
        measured = [trial for trial in search.get("trials", []) if trial["measurements"]]
        for trial in measured[self.trials:]:
            value = trial["measurements"][-1].get("value")
            settings = trial["configuration"]
            print(f"    trial {trial['trial']:2} · {trial['criterion']} {'?' if value is None else f'{value:.4f}'}"
                  f" · {settings['architecture']} {settings['embedding_dimension']}", flush=True)
        self.trials = max(self.trials, len(measured))
        if search.get("verdict") and not self.is_chosen:
            self.is_chosen = True
            print(f"    {search['verdict']}", flush=True)

    def training(self, job):
        progress = job.get("progress") or {}
        epoch = progress.get("epoch") or 0
        if epoch <= self.epoch:
            return
        self.epoch = epoch
        parts = [f"epoch {epoch:2} of {progress.get('epochs', '?')}"]
        if progress.get("loss") is not None:
            parts.append(f"loss {progress['loss']:.4f}")
        if progress.get("samples_per_second"):
            parts.append(f"{progress['samples_per_second']:,.0f} samples/s")
        if progress.get("seconds_left") is not None:
            parts.append(f"{progress['seconds_left']:.0f} s left")
        print("    " + " · ".join(parts), flush=True)


def has_model(client):
    return client.send("GET", "/models/current").status == 200


def train(client):
    print("==> Training: POST /train {}", flush=True)
    job = client.ask("POST", "/train", {})["job"]
    last = follow_training(client, job, JobLines(), LONGEST_TRAINING_SECONDS)
    if last["state"] != "succeeded":
        sys.exit(f"the training ended as {last['state']}: {last.get('error') or last}")
    print(f"    done: the server answers from model {client.ask('GET', '/models/current')['version']} now")


def title(client, item_id):
    """The item's title, or its ID where the catalogue knows none."""
    answer = client.send("GET", f"/items/{item_id}")
    return (answer.body.get("title") if answer.status == 200 else None) or f"item {item_id}"


def show(client, user_id):
    rated = list(client.pages("/interactions", "interactions", {"user_id": user_id, "limit": 1000}))
    liked = sorted(rated, key=lambda interaction: -(interaction.get("rating") or 0))[:SHOWN_LIKED]
    print(f"\nUser {user_id} has rated {len(rated)} films, and liked for example")
    for interaction in liked:
        print(f"    {interaction.get('rating', 0):g} stars  {title(client, interaction['item_id'])}")

    answer = client.ask("GET", "/recommend", query={"user_id": user_id, "limit": SHOWN_RECOMMENDED})
    print(f"Nectar recommends (model {answer['model']})")
    for item in answer["items"]:
        print(f"    {item['rank']:2}. {(item.get('item') or {}).get('title') or title(client, item['item_id'])}")
    already = {interaction["item_id"] for interaction in rated} & {item["item_id"] for item in answer["items"]}
    if already:
        sys.exit(f"but user {user_id} has already rated {', '.join(sorted(already))}")


def main(url, *wishes):
    client = Client(url, timeout=60)
    if has_model(client) and "--train" not in wishes:
        version = client.ask("GET", "/models/current")["version"]
        print(f"==> Model {version} was saved earlier and answers; scripts/run --train makes a new one")
    else:
        train(client)
    for user_id in PEOPLE:
        show(client, user_id)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except (Refused, TimeoutError, OSError) as error:
        sys.exit(f"run: {error}")
