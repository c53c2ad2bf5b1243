"""NeuMF-8 (He et al. 2017) in PyTorch, written for speed: what it reaches, how fast it trains, how fast it answers.

GMF embeddings of 8, MLP 64-32-16-8, four negatives for each positive, drawn anew in every epoch and rejected against a
table of what each user has; whole tensors rather than a DataLoader; Adam in one fused step.
"""

import argparse
import json
import statistics
import time

import numpy as np
import torch
from torch import nn

import ncf_split
from training_clock import TrainingClock

NEGATIVES = 4
# Positives for which negatives are drawn at once: each such part of an epoch is mixed in itself.
AT_ONCE = 50_000


class NeuMF(nn.Module):
    def __init__(self, users, items):
        super().__init__()
        self.user_gmf, self.item_gmf = nn.Embedding(users, 8), nn.Embedding(items, 8)
        self.user_mlp, self.item_mlp = nn.Embedding(users, 32), nn.Embedding(items, 32)
        self.tower = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU())
        self.output = nn.Linear(16, 1)
        for table in (self.user_gmf, self.item_gmf, self.user_mlp, self.item_mlp):
            nn.init.normal_(table.weight, std=0.01)

    def forward(self, users, items):
        gmf = self.user_gmf(users) * self.item_gmf(items)
        mlp = self.tower(torch.cat([self.user_mlp(users), self.item_mlp(items)], dim=1))
        return self.output(torch.cat([gmf, mlp], dim=1)).squeeze(1)


class Trainer:
    def __init__(self, users, items, batch_size, learning_rate):
        self.users, self.items = torch.from_numpy(users).long(), torch.from_numpy(items).long()
        self.item_count = int(items.max()) + 1
        self.seen = torch.zeros((int(users.max()) + 1, self.item_count), dtype=torch.bool)
        self.seen[self.users, self.items] = True
        self.model = NeuMF(len(self.seen), self.item_count)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=learning_rate, fused=True)
        self.batch_size = batch_size

    def samples(self, positives):
        """Users, items and targets of some positives and their negatives, mixed."""
        users = self.users[positives]
        negatives = torch.randint(self.item_count, (len(users), NEGATIVES))
        while (taken := self.seen[users[:, None], negatives]).any():
            negatives[taken] = torch.randint(self.item_count, (int(taken.sum()),))
        items = torch.cat([self.items[positives][:, None], negatives], dim=1)
        targets = torch.zeros(items.shape)
        targets[:, 0] = 1
        order = torch.randperm(items.numel())
        return users.repeat_interleave(1 + NEGATIVES)[order], items.view(-1)[order], targets.view(-1)[order]

    def epoch(self, until=float("inf")):
        """One pass over the positives, or as far as it comes by then, in whole parts; how many samples that were."""
        count = 0
        for positives in torch.randperm(len(self.users)).split(AT_ONCE):
            if time.perf_counter() > until:
                break
            for users, items, targets in zip(*(part.split(self.batch_size) for part in self.samples(positives))):
                loss = nn.functional.binary_cross_entropy_with_logits(self.model(users, items), targets)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self.optimizer.step()
                count += len(users)
        return count


def quality(options):
    split = ncf_split.split_of(options)
    trainer = Trainer(split.users, split.items, options.batch_size, options.learning_rate)
    users = torch.from_numpy(split.test_users).long()
    candidates = torch.from_numpy(np.hstack([split.test_items[:, None], split.test_negatives.clip(0)])).long()

    @torch.inference_mode()
    def hit_rate():
        scores = trainer.model(users.repeat_interleave(candidates.shape[1]), candidates.view(-1)).view(candidates.shape)
        above = (scores[:, 1:] >= scores[:, :1]).numpy() & (split.test_negatives >= 0)
        return ncf_split.figures(above.sum(axis=1))["hr"]

    @torch.inference_mode()
    def score(some):
        pairs = torch.cartesian_prod(torch.from_numpy(some).long(), torch.arange(split.item_count))
        return trainer.model(pairs[:, 0], pairs[:, 1]).view(len(some), -1).numpy()

    clock = TrainingClock()
    while len(clock.curve) < options.epochs and clock.seconds() < options.seconds:
        trainer.epoch()
        clock.note(hit_rate)
    return {"seconds": clock.curve[-1][0], "epochs": len(clock.curve), "curve": clock.curve} | split.measure(score)


def speed(options):
    """Samples a second, and for each second of CPU, on a CSV file of `nectar generate`, after a second of warming up."""
    pairs = np.loadtxt(options.csv, delimiter=",", skiprows=1, usecols=(0, 1), dtype=np.int32)
    users, items = (np.unique(column, return_inverse=True)[1] for column in pairs.T)
    trainer = Trainer(users, items, options.batch_size, options.learning_rate)
    trainer.epoch(until=time.perf_counter() + 1)
    started, spent = time.perf_counter(), time.process_time()
    count = trainer.epoch(until=started + options.seconds)
    return {"samples_per_second": count / (time.perf_counter() - started),
            "samples_per_cpu_second": count / (time.process_time() - spent)}


def serving(options):
    """Microseconds for one of 200 users' top 10 of 3,706 items: the whole model, and with the items' half kept ready."""
    users, items = 200, 3706
    model = NeuMF(users, items)
    catalogue = torch.arange(items)
    seen = torch.rand(users, items) < 160 / items
    hidden = [row.nonzero().squeeze(1) for row in seen]
    first, rest = model.tower[0], model.tower[1:]

    def whole(user):
        return model(torch.full((items,), user), catalogue)

    half = model.item_mlp.weight @ first.weight[:, 32:].T + first.bias

    def ready(user):
        mlp = rest(half + first.weight[:, :32] @ model.user_mlp.weight[user])
        gmf = model.item_gmf.weight @ (model.user_gmf.weight[user] * model.output.weight[0, :8])
        return gmf + mlp @ model.output.weight[0, 8:] + model.output.bias

    def median(score):
        times = []
        for request in range(100 + options.requests):
            started = time.perf_counter()
            scores = score(request % users)
            scores[hidden[request % users]] = -torch.inf
            scores.topk(10).indices.tolist()
            times.append((time.perf_counter() - started) * 1e6)
        return statistics.median(times[100:])

    with torch.inference_mode():
        assert torch.allclose(whole(3), ready(3), atol=1e-5)
        return {"whole": median(whole), "ready": median(ready)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=4096)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("quality")
    ncf_split.split_options(one)
    one.add_argument("--seconds", type=float, default=60)
    one.add_argument("--epochs", type=int, default=25)
    one.set_defaults(run=quality)
    one = kinds.add_parser("speed")
    one.add_argument("csv")
    one.add_argument("--seconds", type=float, default=4)
    one.set_defaults(run=speed)
    one = kinds.add_parser("serving")
    one.add_argument("--requests", type=int, default=500)
    one.set_defaults(run=serving)
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    print(json.dumps(options.run(options)))


if __name__ == "__main__":
    main()
