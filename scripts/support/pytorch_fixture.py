"""Trains a tiny NeuMF in PyTorch and writes it as Nectar takes it, with the scores it has to have. See scripts/fixtures.

The module is the one of docs/model-format.md: its parameters have Nectar's names, so that its state_dict is the file.
Made again, the file is the same but for the order of its metadata.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

USERS, ITEMS = 12, 15


class NeuMF(torch.nn.Module):
    """logit(u, i) = h . [p_G * q_G ; tower(p_M, q_M)] + b_u + b_i + m (He et al. 2017, with biases)."""

    def __init__(self, users, items, d, m, hidden):
        super().__init__()
        self.user_gmf = torch.nn.Parameter(0.3 * torch.randn(users, d))
        self.item_gmf = torch.nn.Parameter(0.3 * torch.randn(items, d))
        self.user_mlp = torch.nn.Parameter(0.3 * torch.randn(users, m))
        self.item_mlp = torch.nn.Parameter(0.3 * torch.randn(items, m))
        sizes = [2 * m] + hidden
        self.layers = torch.nn.ModuleList(torch.nn.Linear(i, o) for i, o in zip(sizes, hidden))
        self.output_weights = torch.nn.Parameter(torch.randn(d + hidden[-1]))
        self.user_bias = torch.nn.Parameter(torch.zeros(users))
        self.item_bias = torch.nn.Parameter(torch.zeros(items))
        self.global_bias = torch.nn.Parameter(torch.zeros(1))

    def forward(self, user, item):
        tower = torch.cat([self.user_mlp[user], self.item_mlp[item]], dim=-1)
        for layer in self.layers:
            tower = torch.relu(layer(tower))
        features = torch.cat([self.user_gmf[user] * self.item_gmf[item], tower], dim=-1)
        return features @ self.output_weights + self.user_bias[user] + self.item_bias[item] + self.global_bias


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    torch.set_num_threads(1)
    user = torch.arange(USERS).repeat_interleave(ITEMS)
    item = torch.arange(ITEMS).repeat(USERS)
    # Who and what are of one colour go together, and the last of the items is everybody's.
    likes = ((user % 3 == item % 3) | (item == ITEMS - 1)).float()

    model = NeuMF(USERS, ITEMS, d=4, m=3, hidden=[8, 5])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(user, item), likes)
        loss.backward()
        optimizer.step()

    users = [f"u{number}" for number in range(USERS)]
    items = [f"film {number} \u00e9" for number in range(ITEMS)]
    save_file(
        model.state_dict(), folder / "model.safetensors",
        metadata={"format": "pt", "user_ids": json.dumps(users), "item_ids": json.dumps(items)},
    )
    with torch.no_grad():
        # In double precision, so that what is compared is Nectar's rounding and not PyTorch's.
        logits = model.double()(user, item).reshape(USERS, ITEMS)
    expected = {
        "made_by": f"scripts/fixtures weights, torch {torch.__version__}",
        "loss": loss.item(),
        "users": users,
        "items": items,
        "logits": logits.tolist(),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
    print(f"loss {loss.item():.4f}, logits from {logits.min():.3f} to {logits.max():.3f}, written to {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
