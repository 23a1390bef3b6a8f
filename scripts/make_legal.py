"""Put together the posts of 'is this a legal question?': legal questions among titles and small talk."""

import json
import random
from pathlib import Path
from typing import Annotated

import srsly
import typer


def main(
    folder: Annotated[Path, typer.Argument(help="with legal_advice, zixun_gpt4, tnews and bustm, .json")],
    output: Annotated[Path, typer.Argument(help="JSON lines of text and label")],
    ratio: Annotated[int, typer.Option(help="other posts for a legal question")] = 20,
    legal: Annotated[int, typer.Option(help="legal questions; 0: as many as there are others for")] = 0,
    seed: int = 0,
) -> None:
    """Draw posts from FOLDER, each text once, and write them to OUTPUT in random order."""
    questions = [row["instruction"] for [row] in srsly.read_json(folder / "legal_advice.json")]
    questions += [row["query"] for row in srsly.read_json(folder / "zixun_gpt4.json")]
    posts = [row["sentence"] for row in srsly.read_jsonl(folder / "tnews.json")]
    pairs = [(row["sentence1"], row["sentence2"]) for row in srsly.read_jsonl(folder / "bustm.json")]
    positive = dict.fromkeys(" ".join(text.split()) for text in questions)
    others = dict.fromkeys(
        " ".join(text.split()) for text in [*posts, *(post for pair in pairs for post in pair)]
    )
    draw, negative = random.Random(seed), [text for text in others if text and text not in positive]
    n_legal = legal or min(len(positive), len(negative) // ratio)
    rows = [(text, "legal") for text in draw.sample(list(filter(None, positive)), n_legal)]
    rows += [(text, "other") for text in draw.sample(negative, ratio * n_legal)]
    draw.shuffle(rows)
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(lines) + "\n", encoding="utf8")


if __name__ == "__main__":
    typer.run(main)
