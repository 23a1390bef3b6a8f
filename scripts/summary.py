"""Say what `spacy project run all` has made and how to use it."""

from pathlib import Path

import srsly
import typer
from rich.console import Console
from rich.table import Table

ENTITIES = "[(ent.text, ent.label_, round(ent._.confidence, 2)) for ent in doc.ents]"
EXAMPLES = {  # pipeline: a text, and what to print
    "en_recipes": ("2 cups brown sugar, packed\\n1/2 tsp. salt, or to taste", ENTITIES),
    "zh_parcels": ("请把包裹放在菜鸟驿站，收件人王小明，电话13800001111，谢谢顺丰小哥", ENTITIES),
    "zh_posts": ("房东说押金不退了，合同里没写，我能要回来吗", "doc._.labels, doc.cats"),
}


def main() -> None:
    """Print tables of scores, the wheels and how to call each."""
    console = Console(width=110)
    columns = ("pipeline", "precision", "recall", "F1", "95 % interval", "words/s")
    table = Table(
        *columns, title="On the test part: strict entity scores; for posts, scores of the label legal"
    )
    for name in EXAMPLES:
        scores = srsly.read_json(Path("metrics") / f"{name.split('_')[1]}.json")
        row = scores["categories"]["textcat"]["per_label"]["legal"] if name == "zh_posts" else scores["micro"]
        low, high = row.get("interval") or scores["interval"]
        figures = [*(f"{row[k]:.3f}" for k in ("precision", "recall", "f1")), f"{low:.3f}-{high:.3f}"]
        table.add_row(name, *figures, f"{scores['words_per_second']:,.0f}")
    console.print(table)
    for wheel in sorted(Path("packages").glob("*.whl")):
        console.print(f"{wheel}  {wheel.stat().st_size / 1e6:.1f} MB", highlight=False)
    console.print("\nUse them in any environment, after `pip install packages/*.whl -c constraints.txt`:")
    for name, (text, shown) in EXAMPLES.items():
        print(f'\nimport spacy; doc = spacy.load("{name}")("{text}")\nprint({shown})')


if __name__ == "__main__":
    typer.run(main)
