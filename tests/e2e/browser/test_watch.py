"""The watch over every visit sees what it is there to see; without this, all other tests here could be blind."""

import pytest
from playwright.async_api import Browser

from tests.support.accessibility import accessibility_violations
from tests.support.inertness import live_contents
from tests.support.stack import Stack
from tests.support.visits import visit_to
from tests.support.waiting import until

_MISDEEDS = """
() => {
  console.error('said loudly');
  document.body.insertAdjacentHTML('beforeend', '<p style="color: red">styled inline</p>');
  setTimeout(() => { throw new Error('thrown and not caught') });
  fetch('/billing/nothing/here');
  fetch('http://127.0.0.1:9/elsewhere').catch(() => {});
  alert('asked');
}
"""
_MARKS = ("said loudly", "style-src-attr", "thrown and not caught", "404 GET", "connect-src", "asked")


async def test_no_misdeed_of_a_page_goes_unnoticed(browser: Browser, stack: Stack) -> None:
    with pytest.raises(AssertionError, match="said loudly"):
        async with visit_to(browser, stack.tollbook.edge_url) as visit:
            await visit.go("/billing?limit=1")
            await visit.page.evaluate(_MISDEEDS)
            await until(lambda: all(mark in "\n".join(visit.problems) for mark in _MARKS))


async def test_a_page_that_runs_or_loads_anything_is_not_inert(browser: Browser, stack: Stack) -> None:
    async with visit_to(browser, stack.tollbook.edge_url) as visit:
        await visit.go("/billing?limit=1")
        assert await live_contents(visit.page) == []
        await visit.page.evaluate(
            "() => document.body.append("
            "...['script', 'iframe'].map(name => document.createElement(name)),"
            "Object.assign(document.createElement('a'), {href: 'javascript:alert(1)'}))"
        )
        assert len(await live_contents(visit.page)) == 3


async def test_what_some_cannot_read_is_a_violation(browser: Browser, stack: Stack) -> None:
    async with visit_to(browser, stack.tollbook.edge_url) as visit:
        await visit.go("/billing?limit=1")
        await visit.page.evaluate(
            "() => document.querySelector('main').append(document.createElement('input'))"
        )
        assert [line.partition(":")[0] for line in await accessibility_violations(visit.page)] == ["label"]
