"""Mutants are known by what they change, and those that live on have a reason to."""

import pytest

from tests.mutants.survivors import Survivor, read_explanations, read_survivor

CHANGE = """# services.ledger.parts.x_charged_nanos__mutmut_3: survived
--- services/ledger/parts.py
+++ services/ledger/parts.py
@@ -1,3 +1,3 @@
 def charged_nanos(record):
-    return record.cost.nanos
+    return (
+        record.cost)
"""


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("services.ledger.parts.x_charged_nanos__mutmut_3", "services.ledger.parts.charged_nanos"),
        ("services.ledger.parts.x__is_at_least__mutmut_12", "services.ledger.parts._is_at_least"),
        ("services.ledger.charges.xǁDerivedǁhome_of__mutmut_1", "services.ledger.charges.Derived.home_of"),
        ("services.common.money.xǁMoneyǁ__add____mutmut_1", "services.common.money.Money.__add__"),
    ],
)
def test_a_survivor_is_a_function_and_what_stands_in_it_instead(name: str, function: str) -> None:
    assert read_survivor(name, CHANGE) == Survivor(function, "return ( record.cost)")


def test_any_other_name_is_refused() -> None:
    with pytest.raises(ValueError, match="not the name of a mutant"):
        read_survivor("services.ledger.parts.charged_nanos", CHANGE)


def test_every_explanation_says_why() -> None:
    explanations = read_explanations()
    assert explanations
    assert all(why.endswith(".") for why in explanations.values())
