"""What a page must not hold, whatever text it shows: anything that runs, loads or leads away."""

from playwright.async_api import Page

_FIND = """
() => Array.from(document.querySelectorAll('*')).flatMap(element => {
  const found = [];
  const name = element.localName;
  if (name === 'script' && !element.src.startsWith(`${location.origin}/static/`)) found.push('a script');
  if (['iframe', 'object', 'embed', 'base', 'style', 'foreignobject'].includes(name)) found.push('such an element');
  for (const { name: attribute, value } of element.attributes) {
    if (attribute.startsWith('on')) found.push(`a handler ${attribute}`);
    if (attribute === 'style') found.push('a style');
    if (attribute === 'src' && new URL(value, location).origin !== location.origin) found.push('something from afar');
    if (['href', 'xlink:href', 'action', 'formaction'].includes(attribute)
        && new URL(value, location).origin !== location.origin) found.push('a way to elsewhere');
  }
  return found.map(what => `${what}: ${element.outerHTML.slice(0, 200)}`);
})
"""


async def live_contents(page: Page) -> list[str]:
    """Every element of the page that is more than text of ours, each with what is wrong with it."""
    found: list[str] = await page.evaluate(_FIND)
    return found
