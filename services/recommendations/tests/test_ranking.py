import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from recommendations.ranking import InvalidPurchases, Ranking, read_purchases
from recommendations.settings import SAMPLE
from tests.running import PURCHASES


def test_what_others_bought_together_with_it_comes_first() -> None:
    ranked = Ranking(PURCHASES).best("ada", 10)
    assert [one.product for one in ranked] == ["apron", "boots"], "nobody bought boots together with a pan or a knife"


def test_the_score_is_the_formula_of_the_docstring() -> None:
    """Apron: bought by 2 of 4; cosine with pan 2/√(2·3), with knife 1/√(2·2)."""
    (apron,) = Ranking(PURCHASES).best("ada", 1)
    assert apron.score == pytest.approx((2 / 4 + 2 / 6**0.5 + 1 / 4**0.5) / 3)


def test_a_customer_is_never_offered_what_they_have() -> None:
    purchases = read_purchases(SAMPLE)
    ranking = Ranking(purchases)
    for customer, bought in purchases.items():
        assert not {one.product for one in ranking.best(customer, 100)} & set(bought)


def test_an_unknown_customer_gets_the_most_popular_products() -> None:
    ranked = Ranking(PURCHASES).best("nobody", 10)
    assert ranked == [("pan", 3 / 4), ("apron", 2 / 4), ("knife", 2 / 4), ("boots", 1 / 4)], "ties in the order of ids"


def test_the_limit_cuts_off_the_worst() -> None:
    ranking = Ranking(PURCHASES)
    assert ranking.best("nobody", 2) == ranking.best("nobody", 10)[:2]


def test_every_score_is_from_0_to_1_and_they_never_rise() -> None:
    generator = random.Random(1)  # noqa: S311
    products = [f"product-{number}" for number in range(20)]
    for _ in range(50):
        purchases = {str(customer): generator.choices(products, k=generator.randint(0, 8)) for customer in range(15)}
        for customer in [*purchases, "nobody"]:
            scores = [one.score for one in Ranking(purchases).best(customer, 100)]
            assert all(0 <= score <= 1 for score in scores)
            assert scores == sorted(scores, reverse=True)


def test_without_purchases_there_is_nothing_to_recommend() -> None:
    assert Ranking({}).best("ada", 10) == []


def test_every_process_ranks_alike() -> None:
    """Python orders sets of strings differently in each process."""
    program = (
        "from recommendations import ranking, settings\n"
        "purchases = ranking.read_purchases(settings.SAMPLE)\n"
        "print([ranking.Ranking(purchases).best(customer, 100) for customer in purchases])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[1],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("text", ["not JSON", "[]", '{"ada": "pan"}', '{"ada": [1]}', '{"ada": [""]}', "\xff"])
def test_a_file_that_holds_something_else_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "purchases.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InvalidPurchases, match=str(path)):
        read_purchases(path)


def test_the_bundled_sample_is_a_shop_worth_ranking() -> None:
    purchases = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert len(purchases) >= 40 and len({product for bought in purchases.values() for product in bought}) >= 20
