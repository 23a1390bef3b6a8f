"""Say what `spacy project run all` has made and how to use it."""

from pathlib import Path

import srsly
import typer
from rich.console import Console
from rich.table import Table

EXAMPLES = {
    "en_recipes": "2 cups brown sugar, packed\\n1/2 tsp. salt, or to taste",
    "zh_parcels": "请把包裹放在菜鸟驿站，收件人王小明，电话13800001111，谢谢顺丰小哥",
}


def main() -> None:
    """Print a table of scores, the wheels and how to call each."""
    console = Console(width=110)
    table = Table(title="Strict entity scores on the test part")
    for column in ("pipeline", "precision", "recall", "F1", "95 % interval", "words/s"):
        table.add_column(column)
    for name in EXAMPLES:
        scores = srsly.read_json(Path("metrics") / f"{name.split('_')[1]}.json")
        micro = scores["micro"]
        low, high = scores["interval"]
        row = [f"{micro[k]:.3f}" for k in ("precision", "recall", "f1")]
        table.add_row(name, *row, f"{low:.3f}-{high:.3f}", f"{scores['words_per_second']:,.0f}")
    console.print(table)
    for wheel in sorted(Path("packages").glob("*.whl")):
        console.print(f"{wheel}  {wheel.stat().st_size / 1e6:.1f} MB", highlight=False)
    console.print("\nUse them, here or anywhere after `pip install packages/*.whl -c constraints.txt`:")
    for name, text in EXAMPLES.items():
        code = f"""
import spacy; doc = spacy.load("{name}")("{text}")
print([(ent.text, ent.label_, round(ent._.confidence, 2)) for ent in doc.ents])"""
        console.print(code, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
