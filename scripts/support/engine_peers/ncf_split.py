"""MovieLens 1M as the NCF paper's authors split it, and their measure, for the peers of `scripts/bench engine`.

The counting is that of `nectar evaluate`: items without a training pair do not exist, a held-out item that is also among
the negatives is counted once, and among equal scores the held-out item comes last.
"""

import gzip

import numpy as np
import scipy.sparse

USERS_AT_ONCE = 256


def numbers(path):
    """All numbers of a text file, in order; plain or gzip."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        text = file.read().replace(b"(", b"").replace(b")", b"").replace(b",", b"\t")
    return np.fromstring(text, dtype=np.int32, sep="\t")


class NCFSplit:
    def __init__(self, train_pairs, held_out, held_out_negatives):
        pairs = numbers(train_pairs).reshape(-1, 2)
        held = numbers(held_out).reshape(-1, 4)
        negatives = numbers(held_out_negatives).reshape(len(held), -1)
        if not (negatives[:, :2] == held[:, :2]).all():
            raise SystemExit("the negatives are not in the order of the held-out pairs")
        known = np.unique(pairs[:, 1])
        place = np.full(max(pairs[:, 1].max(), negatives[:, 1:].max()) + 1, -1, dtype=np.int32)
        place[known] = np.arange(len(known), dtype=np.int32)
        self.user_count, self.item_count = int(pairs[:, 0].max()) + 1, len(known)
        self.users, self.items = pairs[:, 0].copy(), place[pairs[:, 1]]
        measured = place[held[:, 1]] >= 0
        self.test_users = held[measured, 0]
        self.test_items = place[held[measured, 1]]
        # -1 stands for an item that does not exist or is the held-out one.
        self.test_negatives = place[negatives[measured, 2:]]
        self.test_negatives[self.test_negatives == self.test_items[:, None]] = -1

    def matrix(self, dtype=np.float32):
        """Users × items, 1 where there is a training pair."""
        ones = np.ones(len(self.users), dtype=dtype)
        return scipy.sparse.csr_matrix((ones, (self.users, self.items)), shape=(self.user_count, self.item_count))

    def measure(self, score):
        """The measures of a model that scores whole catalogues: `score(users)` is users × items."""
        seen = self.matrix()
        sampled, full = [], []
        for start in range(0, len(self.test_users), USERS_AT_ONCE):
            part = slice(start, start + USERS_AT_ONCE)
            users, items, negatives = self.test_users[part], self.test_items[part], self.test_negatives[part]
            scores = np.asarray(score(users))
            rows = np.arange(len(users))
            held = scores[rows, items][:, None]
            above = scores >= held
            sampled.append((above[rows[:, None], negatives] & (negatives >= 0)).sum(axis=1))
            above[seen[users].nonzero()] = False
            above[rows, items] = False
            full.append(above.sum(axis=1))
        return figures(np.concatenate(sampled)) | {"full_" + name: value for name, value
                                                   in figures(np.concatenate(full)).items()}


def figures(ranks):
    """HR@10 and NDCG@10 of ranks that count from 0."""
    hits = ranks < 10
    return {"hr": float(hits.mean()), "ndcg": float((hits / np.log2(ranks + 2)).mean())}


def split_options(parser):
    """The three files, as `nectar evaluate` calls them."""
    for name in ("--train-pairs", "--held-out", "--held-out-negatives"):
        parser.add_argument(name, required=True)


def split_of(options):
    return NCFSplit(options.train_pairs, options.held_out, options.held_out_negatives)
