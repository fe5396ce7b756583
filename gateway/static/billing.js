/* What the page does beyond links and forms: it follows the book, and keeps one's place. All of it works without. */
"use strict";

(() => {
  const RETRY_MS = 5_000;
  const AGE_MS = 5_000;
  const CATCH_UP_MS = 60_000; // the balance changes without the book
  const USUAL = { direction: "all", recordType: "all", status: "all", zone: "UTC" };
  const page = () => document.getElementById("page");
  const book = () => document.getElementById("book");
  const ownAddress = () => book()?.getAttribute("hx-get");

  /* Following the book: the server says that something changed, the page asks for itself again. */

  const status = document.getElementById("live");
  let source = null;
  let retry = 0;

  function say(word, state) {
    if (status.textContent !== word) status.textContent = word;
    status.classList.toggle("on", state === "on");
    status.classList.toggle("off", state === "off");
  }

  function catchUp() {
    if (book() && !document.hidden) htmx.trigger(book(), "changed");
  }

  function connect() {
    if (!status) return; // a page that nothing changes by itself
    clearTimeout(retry);
    source?.close();
    source = new EventSource(status.dataset.url);
    source.addEventListener("live", () => say("Live", "on"));
    source.addEventListener("away", () => say("Reconnecting", "off"));
    source.addEventListener("changed", catchUp);
    source.addEventListener("error", () => {
      say("Reconnecting", "off");
      // The browser itself tries again after a broken connection, but not after an answer such as 503.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, RETRY_MS * (1 + Math.random()));
    });
  }

  function disconnect() {
    clearTimeout(retry);
    source?.close();
    source = null;
  }

  // A page that nobody looks at follows nothing; looked at again, it catches up.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  window.addEventListener("pagehide", disconnect);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });

  /* What is new is marked for a moment. */

  const versions = () =>
    new Map(Array.from(document.querySelectorAll("tr[data-version]"), (row) => [row.id, row.dataset.version]));

  function mark(before) {
    for (const row of document.querySelectorAll("tr[data-version]")) {
      if (before.get(row.id) !== row.dataset.version) row.classList.add("news");
    }
  }

  document.addEventListener("animationend", (event) => {
    if (event.animationName === "news") event.target.classList.remove("news");
  });

  /* Keeping one's place: what was unfolded stays so, and the keyboard goes on where it was. */

  const unfolded = () => Array.from(document.querySelectorAll("#book details[open]"), (element) => element.id);
  let kept = { isOfBook: false, isPiece: false, hadFocus: false, versions: new Map(), unfolded: [] };

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    const isOfBook = ctx.sourceElement?.id === "book";
    const isPiece = Boolean(ctx.sourceElement?.hasAttribute("data-piece"));
    if (!ctx.text.includes('id="page"')) {
      // Not the page: a fault of the server, or a request for a key. Seen as it is; for an update or a piece, not at all.
      event.preventDefault();
      if (!isOfBook && !isPiece) window.location.assign(ctx.request.action);
      return;
    }
    if (isOfBook && ctx.askedAs !== ownAddress()) {
      // Meanwhile something else, such as the answer to a press of the button, has taken the page further.
      event.preventDefault();
      catchUp();
      return;
    }
    const hadFocus = isPiece && Boolean(document.activeElement?.closest("#witnesses"));
    kept = { isOfBook, isPiece, hadFocus, versions: versions(), unfolded: unfolded() };
  });

  document.addEventListener("htmx:after:swap", () => {
    if (kept.isOfBook) {
      mark(kept.versions);
    } else if (kept.isPiece) {
      // What had the focus is gone: it goes on with what came in its place.
      if (kept.hadFocus) document.querySelector("#witnesses [tabindex='0']")?.focus({ preventScroll: true });
    } else {
      for (const id of kept.unfolded) document.getElementById(id)?.setAttribute("open", "");
      // What is read aloud: the page around the words is new, so they would not be noticed by themselves.
      const told = document.getElementById("told");
      if (told) told.textContent = document.getElementById("count")?.textContent ?? "";
      if (document.activeElement === document.body) document.getElementById("title")?.focus({ preventScroll: true });
    }
    showAges();
  });

  /* An address that says only what is not as usual. */

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id === "book") ctx.askedAs = ownAddress();
    const { body } = ctx.request;
    for (const [name, value] of [...(body?.entries?.() ?? [])]) {
      if (value === (USUAL[name] ?? "")) body.delete(name);
    }
  });

  document.addEventListener("keydown", (event) => {
    const range = document.getElementById("own-range");
    if (event.key === "Escape" && range?.open) {
      range.open = false;
      range.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const range = document.getElementById("own-range");
    if (range?.open && !range.contains(event.target)) range.open = false;
  });

  /* How long ago, as time passes. */

  function age(seconds) {
    if (seconds < 1) return "now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    return `${Math.floor(seconds / 3600)} h ago`;
  }

  function showAges() {
    for (const element of document.querySelectorAll("[data-since]")) {
      element.textContent = age(Math.floor((Date.now() - Date.parse(element.dataset.since)) / 1000));
    }
  }

  setInterval(showAges, AGE_MS);
  setInterval(catchUp, CATCH_UP_MS);
  if (page() && !document.hidden) connect();
})();
