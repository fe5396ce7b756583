"""The page of a call: why it cost what it cost, also while parts of Tollbook are away."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from services.common.errors import NotFound, Unavailable
from services.common.wire import to_timestamp
from tests.support.book_messages import NOON, coin, leg, usd
from tests.support.call_stories import (
    AGENT_ID,
    CALL_ID,
    SESSION_ID,
    SILENT_ID,
    event,
    facts_of_call,
    part,
    record,
    settled_leg,
    tell_of_settled_call,
    tell_of_waiting_call,
    waiting_leg,
)
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page, Tag
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.reconciler.v1 import reconciler_pb2


async def get(edge: EdgeUnderTest, path: str, status: int = 200) -> Page:
    response = await edge.client.get(path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


async def page_of(edge: EdgeUnderTest, query: str = "", call_id: str = CALL_ID) -> Page:
    return await get(edge, f"/billing/calls/{call_id}{query}")


def panel(page: Page, title_id: str) -> Tag:
    """The section under a heading."""
    return next(tag for tag in page.named("section") if tag.attributes.get("aria-labelledby") == title_id)


def links_in(page: Page, text: str) -> list[str]:
    return [tag["href"] for tag in page.named("a") if text in tag.text]


async def test_the_head_says_it_in_a_sentence(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge)
    head = panel(page, "title")
    for text in (
        "Inbound call",
        "+12025550131 → to +12025550100",
        "2026-11-22 12:00:00 UTC · 2:43 of talk · answered (normal clearing)",
        "$0.0238 exact detail records",
        (
            "$0.0238 : $0.0150 for 3 started minutes of SIP trunking, $0.0060 for 3 started minutes of call control,"
            " $0.0020 for answering-machine detection, $0.0008 for text to speech."
        ),
        "Telnyx has billed all of it; nothing is missing.",
        "One of 3 legs of a conversation that cost $0.0372 in all:",
    ):
        assert text in head.text
    assert next(figure["title"] for figure in page.named("data")) == "0.0238 USD"
    for name in (CALL_ID, "428c31b6-7af4-4bcb-b7f5-5013ef9657c1", SESSION_ID):
        assert name in page["ids"].text


async def test_the_waterfall_is_a_table_whose_steps_lead_to_the_cost(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge)
    parts = panel(page, "parts-1").text
    for text in (
        "SIP trunking 180 s at $0.005 / min carrying the call over the telephone network $0.0150 $0.0150",
        "SIP trunking 0 s at $0.005 / min a record with nothing billed $0.0000 $0.0150",
        "Call control 180 s at $0.002 / min steering the call by commands (Call Control) $0.0060 $0.0210",
        "Answering-machine detection $0.002 / unit telling a person from an answering machine $0.0020 $0.0230",
        "Text to speech $0.0000007 / unit speaking a text $0.0008 $0.0238",
        "In all $0.0238",
    ):
        assert text in parts
    steps = page.with_class("step")
    assert [int(step["width"]) for step in steps] == [6303, 0, 2521, 0, 840, 336, 10_000]
    assert int(steps[0]["x"]) == 0
    assert int(steps[2]["x"]) == 6303
    # Each step leads to the reading of its record that counts.
    (target,) = set(links_in(page, "Answering-machine detection")) - {""}
    assert "amd-1" in page["raw-" + target.removeprefix("#")].text


async def test_the_estimate_stands_beside_the_exact_cost(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    text = panel(await page_of(edge), "estimate-title").text
    assert "Estimate $0.0450 Exact cost $0.0238 Difference -$0.0212 −47.1 %" in text
    assert "3 started minutes at $0.0150 a minute: the fallback rate that is set for Tollbook" in text


async def test_rounding_up_has_its_price(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge)
    text = panel(page, "seconds-title").text
    assert "Rounding up to started minutes cost about $0.0020 , 9 % of these parts." in text
    assert "SIP trunking 163 s 180 s 17 s about $0.0014" in text
    assert "Call control 163 s 180 s 17 s about $0.0006" in text
    assert "0.001416667 USD" in [amount["title"] for amount in page.named("data")]


async def test_an_exact_price_of_rounding_is_not_about(edge: EdgeUnderTest) -> None:
    call = settled_leg()
    for line in call.parts:
        if line.billed_seconds:
            line.call_seconds = 90
    tell_of_settled_call(edge.fakes)
    edge.fakes.ledger.calls[CALL_ID] = call
    text = panel(await page_of(edge), "seconds-title").text
    assert "cost $0.0105 , 50 % of these parts." in text
    assert "about" not in text


async def test_the_timeline_has_everything_by_time(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge)
    lines = [
        tag.text for tag in page.named("li") if {"webhook", "record", "attempt", "entry"} & {*tag.classes}
    ]
    assert len(lines) == 8 + 8 + 3 + 4
    assert lines == sorted(lines, key=lambda line: line[:19])
    assert lines[0] == "2026-11-22 12:00:00 Webhook Call started call.initiated"
    assert lines[1] == "2026-11-22 12:00:03 Webhook Call started leg 2 call.initiated"
    for line in (
        (
            "2026-11-22 12:00:12 Webhook Answering machine detection ended quarantined call.machine.detection.ended"
            " received 6 minutes later"
        ),
        "2026-11-22 12:02:50 Journal Estimate booked from fallback rate $0.0450",
        (
            "2026-11-22 12:02:55 Attempt Asked Telnyx: not all there yet"
            " Telnyx has not published yet: recording, sip-trunking"
        ),
        (
            "2026-11-22 12:03:08 Attempt Asked Telnyx: not all there yet by hand"
            " Telnyx has not published yet: recording, sip-trunking"
        ),
        "2026-11-22 12:03:24 Attempt Asked Telnyx: the cost is exact",
        "2026-11-22 12:03:24 Journal Estimate taken back from detail records -$0.0450",
        "2026-11-22 12:03:23 Record Detail record: SIP trunking superseded sip-trunking $0.0140",
        "2026-11-22 12:03:23 Record Detail record: SIP trunking leg 3 sip-trunking $0.0062",
        (
            "2026-11-22 12:04:20 Record Detail record: SIP trunking sip-trunking unchanged when last read 1 day later"
            " $0.0150"
        ),
    ):
        assert line in lines


async def test_a_long_story_is_cut_in_the_middle(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    events = [event(number, "call.transcription", number) for number in range(600)]
    edge.fakes.ledger.call_facts[CALL_ID] = ledger_pb2.ListCallFactsResponse(events=events, truncated=True)
    source = (await edge.client.get(f"/billing/calls/{CALL_ID}")).text
    assert "207 more in between are left out." in source
    assert source.count('<li class="webhook">') + source.count('<li class="entry">') < 400
    assert "There are more than are shown here." in source


async def test_all_legs_of_the_conversation(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge, "?zone=Europe/Berlin&back=recordType%3Dcall")
    text = page["session"].text
    for line in (
        "1 this leg $0.0238 exact +12025550131 +12025550100 inbound 2026-11-22 13:00:00 2:43",
        "Leg 2 $0.0062 exact +12025550100 sip:agent7@sip.telnyx.example outbound 2026-11-22 13:00:03 3:02",
        "Leg 3 silent $0.0062 exact – sip:agent7@sip.telnyx.example outbound 2026-11-22 13:00:04 3:02",
        "Media streaming $0.0010 of the session, of no leg",
        "In all $0.0372 exact",
        "no webhook told of it; Telnyx bills it all the same.",
    ):
        assert line in text
    (url,) = links_in(page, "Leg 2")
    assert urlsplit(url).path == f"/billing/calls/{AGENT_ID}"
    assert parse_qs(urlsplit(url).query) == {
        "zone": ["Europe/Berlin"],
        "back": ["recordType=call&zone=Europe%2FBerlin"],
    }
    silent = await get(edge, links_in(page, "Leg 3")[0])
    assert "No webhook told of this leg; it is known from Telnyx's detail records." in silent.text
    assert "No webhook told when this leg ended, so it was never estimated." in silent.text


async def test_the_journal_adds_up(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    text = (await page_of(edge))["journal"].text
    assert "2026-11-22 12:02:50 estimate $0.0450 $0.0450 fallback rate" in text
    assert "2026-11-22 12:03:24 reversal -$0.0450 $0.0000 detail records" in text
    assert "2026-11-22 13:06:40 adjustment $0.0008 $0.0238 detail records" in text
    assert "4 entries in all $0.0238 $0.0238" in text
    assert "The amounts add up to the cost: $0.0238" in text


async def test_a_journal_that_does_not_add_up_says_so(edge: EdgeUnderTest) -> None:
    call = settled_leg()
    del call.history[3]
    edge.fakes.ledger.calls[CALL_ID] = call
    text = (await page_of(edge))["journal"].text
    assert "The amounts add up to $0.0230 and the cost is $0.0238 : that must not be." in text


async def test_the_facts_stand_there_as_telnyx_told_them(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge)
    raw = [tag.text for tag in page.named("pre")]
    assert len(raw) == 16
    assert (
        raw[0] == '{ "id": "trunk-1", "record_type": "sip-trunking", "cost": "1.50E-2", "billed_sec": 180 }'
    )
    assert '"cost": 1.50E-2' in raw[8]
    assert "SIP trunking trunk-1 $0.0140 superseded" in page["raw-record-1"].text
    assert "Telnyx said something else later; that counts." in page["record-1"].text
    assert "seen to say this from 2026-11-22 12:04:20 to 2026-11-23 13:00:00" in page["record-2"].text
    assert "without effect until a detail record says the same" in page["event-5"].text


async def test_texts_that_are_long_unreadable_or_not_kept(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    long, dropped, unreadable = (record("amd", name, 1, 200) for name in ("long", "dropped", "unreadable"))
    long.raw_json = '"' + "x" * 40_000 + '"'
    dropped.raw_json = ""
    unreadable.raw_json = "<not> json"
    unreadable.ClearField("cost")
    edge.fakes.ledger.call_facts[CALL_ID] = ledger_pb2.ListCallFactsResponse(
        records=[long, dropped, unreadable]
    )
    page = await page_of(edge)
    assert "Cut after 32,768 of 40,002 characters" in page["record-1"].text
    assert "record_observations.raw" in page["record-1"].text
    assert len(page.named("pre")[0].text) == 32_768
    assert "not kept any more ( RAW_RETENTION_DAYS )" in page["record-2"].text
    assert page.named("pre")[1].text == "<not> json"
    assert "unreadable amount unreadable" in page["raw-record-3"].text
    assert "its amount cannot be read" in page.text
    assert "No webhook told of this." in page["facts"].text


async def test_what_is_missing_and_who_looks_next(edge: EdgeUnderTest) -> None:
    tell_of_waiting_call(edge.fakes)
    edge.clock.advance(190)
    page = await page_of(edge, "?zone=Europe/Berlin")
    text = panel(page, "waiting-title").text
    for line in (
        "What is missing",
        (
            "Recording recording A call.recording.saved webhook announced a recording."
            " No sweep has read the time of this call yet."
        ),
        (
            "SIP trunking sip-trunking Every answered leg is expected to have one."
            " Last looked for over the whole time at 2026-11-22 13:03:20 . The book has every record"
        ),
        "What happens next The next attempt is planned (2 planned times are past): 2026-11-22 13:03:20 .",
        "The last attempt said: Telnyx has not published yet: recording, sip-trunking",
        "2 attempts so far",
        "not yet by hand",
    ):
        assert line in text
    head = panel(page, "title").text
    assert "$0.0450 estimated fallback rate" in head
    assert (
        "$0.0450 : $0.0060 for 3 started minutes of call control,"
        " $0.0390 as the estimate of what Telnyx has not billed yet."
    ) in head
    assert "Telnyx has not billed all of it yet: recording and SIP trunking are still to come." in head
    parts = panel(page, "parts-1").text
    assert "Call control webhook" in parts
    assert "Estimate of the rest what Telnyx has not billed yet $0.0390 $0.0450" in parts
    assert "told by a call.cost webhook" in parts
    assert "Exact cost not known yet" in panel(page, "estimate-title").text
    assert "Telnyx has told no seconds of this yet" in panel(page, "seconds-title").text


async def test_a_call_of_which_telnyx_has_billed_nothing_is_an_estimate(edge: EdgeUnderTest) -> None:
    call = waiting_leg()
    del call.parts[:]
    edge.fakes.ledger.calls[CALL_ID] = call
    page = await page_of(edge)
    assert "$0.0450 : an estimate. Telnyx has not billed" in panel(page, "title").text
    assert (
        "Estimate at $0.015 / min, fallback rate until Telnyx has billed it $0.0450 $0.0450 In all $0.0450"
    ) in panel(page, "parts-1").text


async def test_an_estimate_says_where_its_rate_was_learned(edge: EdgeUnderTest) -> None:
    call = waiting_leg()
    call.estimate_source = "learned"
    del call.parts[:]
    edge.fakes.ledger.calls[CALL_ID] = call
    page = await page_of(edge)
    assert "Estimate at $0.015 / min, learned rate" in panel(page, "parts-1").text
    assert "learned from its own exact calls of this direction" in panel(page, "estimate-title").text


async def test_what_cannot_be_read_is_not_counted_as_nothing(edge: EdgeUnderTest) -> None:
    call = waiting_leg()
    call.unreadable.append("sip-trunking trunk-1: cost: more than 9 decimals")
    edge.fakes.ledger.calls[CALL_ID] = call
    text = (await page_of(edge)).text
    assert "What cannot be read sip-trunking trunk-1: cost: more than 9 decimals" in text
    assert "An amount from Telnyx could not be read; until it can, this stays an estimate." in text
    assert "No attempt is planned; the sweeps over Telnyx's records will settle it." in text


async def test_an_exact_cost_with_something_unreadable_is_not_done(edge: EdgeUnderTest) -> None:
    call = settled_leg()
    call.unreadable.append("recording r9: cost: missing")
    edge.fakes.ledger.calls[CALL_ID] = call
    text = (await page_of(edge)).text
    assert "An amount from Telnyx could not be read; until it can, this may still change." in text
    assert "Nothing is left to do." not in text
    assert "Asks Telnyx for the cost at once" in text


async def test_parts_in_two_currencies_have_a_bill_each(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg(costs=[usd(15_000_000), coin("EUR", 5)], session_id="")
    page = await page_of(edge, call_id="v3:abc")
    assert "What it consists of in USD" in panel(page, "parts-1").text
    assert "What it consists of in EUR" in panel(page, "parts-2").text
    assert "Answering-machine detection webhook" in panel(page, "parts-2").text
    assert "a lot / unit" in panel(page, "parts-2").text
    assert "This leg names no session, so it stands alone." in page["session"].text


async def test_an_estimate_and_a_cost_in_different_currencies_are_not_compared(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls["v3:abc"] = leg(costs=[coin("EUR", 5)], parts=[])
    text = panel(await page_of(edge, call_id="v3:abc"), "estimate-title").text
    assert "The two are in different currencies, and are not compared." in text


async def test_a_call_that_goes_on_has_no_cost_yet(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.calls[CALL_ID] = book_pb2.CallLeg(
        telnyx_call_id=CALL_ID,
        from_number="+12025550131",
        direction="inbound",
        start_time=to_timestamp(NOON),
        call_status="answered",
        missing=["sip-trunking"],
        announced=True,
    )
    page = await page_of(edge)
    assert "going on – no cost yet" in panel(page, "title").text
    assert "The call is estimated when it ends." in page.text
    assert "The first attempt to fetch the cost follows within seconds of the hang-up." in page.text
    assert "Nothing is booked yet." in page.text
    assert not [tag for tag in page.named("section") if "parts" in tag["aria-labelledby"]]


async def test_an_unanswered_call_costs_nothing_and_says_why(edge: EdgeUnderTest) -> None:
    call = settled_leg()
    del call.parts[:], call.history[:], call.costs[:]
    call.call_status, call.hangup_cause = "busy", "user_busy"
    call.ClearField("answer_time")
    call.costs.append(usd(0))
    call.estimate.CopyFrom(usd(0))
    edge.fakes.ledger.calls[CALL_ID] = call
    page = await page_of(edge)
    assert "busy (user busy)" in panel(page, "title").text
    assert "A call that was not answered is estimated at nothing." in page.text
    assert "Nothing was charged $0.0000" in page.text
    assert "Telnyx has told no seconds of this yet" in page.text
    call.parts.append(part("call-control", 0, 0, 0, record_id="control-1"))
    call.status = book_pb2.CHARGE_STATUS_ESTIMATED
    page = await page_of(edge)
    assert "No time was billed." in page.text
    assert (
        "$0.0000 ; call control costs nothing. It was not answered, which usually costs nothing;" in page.text
    )


@pytest.mark.parametrize(
    ("method", "texts"),
    [
        ("ListCallFacts", ["The webhooks and detail records could not be read: it is away"]),
        ("GetSession", ["The session could not be read: it is away"]),
        ("GetJob", ["The job could not be read: it is away", "Nothing is left to do."]),
    ],
)
async def test_each_part_fails_on_its_own(edge: EdgeUnderTest, method: str, texts: list[str]) -> None:
    tell_of_settled_call(edge.fakes)
    service = edge.fakes.reconciler if method == "GetJob" else edge.fakes.ledger
    service.errors[method] = Unavailable("it is away")
    page = await page_of(edge)
    for text in texts:
        assert text in page.text
    assert "$0.0238 exact detail records" in page.text
    assert "4 entries in all" in page.text


async def test_without_its_job_nobody_can_tell_who_looks_next(edge: EdgeUnderTest) -> None:
    tell_of_waiting_call(edge.fakes)
    edge.fakes.reconciler.errors["GetJob"] = Unavailable("it is away")
    text = panel(await page_of(edge), "waiting-title").text
    assert "The job could not be read: it is away" in text
    assert "attempt is" not in text
    assert "sweeps over" not in text


async def test_without_the_call_itself_there_is_no_page(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["GetCall"] = Unavailable("the ledger is away")
    response = await edge.client.get(f"/billing/calls/{CALL_ID}")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    page = Page(response.text)
    assert "the ledger is away" in page.text
    assert links_in(page, "Back to billing") == ["/billing"]


async def test_an_unknown_id_says_what_to_do(edge: EdgeUnderTest) -> None:
    page = await get(edge, "/billing/calls/v3:nobody?back=recordType%3Dcall", 404)
    assert "No call is known by this id v3:nobody" in page.text
    assert "Look it up at Telnyx" in page.text
    assert {tag["name"]: tag["value"] for tag in page.named("input")} == {
        "callControlId": "v3:nobody",
        "back": "recordType=call",
        "zone": "",
    }
    assert links_in(page, "Billing")[-1] == "/billing?recordType=call"


async def test_the_id_of_a_session_leads_to_its_first_leg(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    response = await edge.client.get(f"/billing/calls/{SESSION_ID}?zone=Europe/Berlin")
    assert response.status_code == 303
    assert (
        response.headers["location"]
        == f"/billing/calls/{CALL_ID}?back=zone%3DEurope%252FBerlin&zone=Europe%2FBerlin"
    )


@pytest.mark.parametrize("call_id", ["a%00b", "x" * 300])
async def test_what_can_be_no_id_is_refused_as_a_page(edge: EdgeUnderTest, call_id: str) -> None:
    page = await get(edge, f"/billing/calls/{call_id}", 400)
    assert "id : id is longer than 255 characters, or not printable" in page.text


async def test_a_path_that_ends_early(edge: EdgeUnderTest) -> None:
    assert "Nothing here" in (await get(edge, "/billing/calls/", 404)).text


async def test_ids_with_slashes_and_signs_lead_to_their_call(edge: EdgeUnderTest) -> None:
    name = "v2:a/b+c?d#e f"
    edge.fakes.ledger.calls[name] = leg(telnyx_call_id=name, call_control_id=name)
    response = await edge.client.get(f"/billing/calls/{quote(name, safe='')}")
    assert response.status_code == 200
    again = Page(response.text)["book"]["hx-get"]
    assert "v2:a/b+c?d#e f" in (await get(edge, again)).text


async def test_a_zone_that_does_not_exist_is_refused_by_name(edge: EdgeUnderTest) -> None:
    page = await get(edge, f"/billing/calls/{CALL_ID}?zone=Europe/Nowhere", 422)
    assert "zone : zone must be the name of a time zone" in page.text


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("", "/billing"),
        ("?zone=Asia/Tokyo", "/billing?zone=Asia/Tokyo"),
        ("?back=text%3Da%2526b%26sort%3Dcost", "/billing?text=a%26b&sort=cost"),
        ("?back=zone%3DAsia%2FTokyo&zone=Europe/Berlin", "/billing?zone=Europe/Berlin"),
        ("?back=https%3A%2F%2Fevil.example%2F%3Fa%3Db", "/billing"),
        ("?back=//evil.example", "/billing"),
    ],
)
async def test_the_way_back_leads_to_the_list_as_it_was(edge: EdgeUnderTest, query: str, url: str) -> None:
    tell_of_settled_call(edge.fakes)
    crumbs = [tag for tag in (await page_of(edge, query)).named("a") if tag.text == "Billing"]
    assert crumbs[-1]["href"] == url


async def test_the_page_follows_the_book(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge, "?zone=Asia/Tokyo&back=sort%3Dcost")
    assert page["live"]["data-url"] == "/billing/live"
    book = page["book"]
    assert book["hx-select"] == "#book"
    assert "changed" in book["hx-trigger"]
    again = await get(edge, book["hx-get"])
    assert again.text == page.text
    # What was unfolded stays so when the page asks for itself again: each has a name of its own.
    names = [tag["id"] for tag in page.named("details")]
    assert len(names) == len(set(names)) == 18


async def test_every_id_of_the_page_is_there_once_and_every_link_within_it_leads_somewhere(
    edge: EdgeUnderTest,
) -> None:
    tell_of_settled_call(edge.fakes)
    page = await page_of(edge)
    ids = [tag["id"] for tag in page.tags if tag.has("id")]
    assert len(ids) == len(set(ids))
    for tag in page.named("a"):
        if tag["href"].startswith("#"):
            assert tag["href"].removeprefix("#") in ids


async def test_every_word_of_a_sweep_and_of_a_job(edge: EdgeUnderTest) -> None:
    call = waiting_leg()
    for verdict, words in (
        (book_pb2.SWEEP_VERDICT_DIFFERENT, "Telnyx counted 3 records, and the book held 2"),
        (book_pb2.SWEEP_VERDICT_UNPROVEN, "the silence proves nothing"),
    ):
        call.missing_parts[1].last_sweep.verdict = verdict
        call.missing_parts[1].last_sweep.held_count = 2
        edge.fakes.ledger.calls[CALL_ID] = call
        assert words in (await page_of(edge)).text
    for status, words in (
        (reconciler_pb2.JOB_STATUS_RUNNING, "An attempt is running now (3 planned times are past)."),
        (reconciler_pb2.JOB_STATUS_FAILED, "All planned attempts are made."),
    ):
        edge.fakes.reconciler.jobs = [reconciler_pb2.Job(call_id=CALL_ID, status=status, attempts=3)]
        assert words in (await page_of(edge)).text


async def test_the_ledger_is_asked_for_the_leg_by_the_id_that_was_given(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    edge.fakes.ledger.calls["leg-id"] = settled_leg()
    edge.fakes.ledger.call_facts["leg-id"] = facts_of_call()
    page = await page_of(edge, call_id="leg-id")
    assert len(page.named("pre")) == 16
    (job_request,) = edge.fakes.reconciler.requests["GetJob"]
    assert isinstance(job_request, reconciler_pb2.GetJobRequest)
    assert job_request.call_id == CALL_ID
    assert page["book"]["hx-get"].startswith(f"/billing/calls/{CALL_ID}")


async def test_a_settled_leg_with_a_late_wish_waits_again(edge: EdgeUnderTest) -> None:
    call = settled_leg()
    call.missing.append("recording")
    edge.fakes.ledger.calls[CALL_ID] = call
    text = (await page_of(edge)).text
    assert "This was exact; since then recording came to be expected." in text
    assert "Recording recording No sweep has read the time of this call yet." in text


ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=y>{{7*7}}</pre></svg>"


async def test_stored_text_is_inert_in_every_field(edge: EdgeUnderTest) -> None:
    tell_of_waiting_call(edge.fakes)
    call, facts = waiting_leg(), facts_of_call()
    call.parts.append(book_pb2.Part(cost=usd(1), source="x", record_type=ATTACK, rate=ATTACK))
    for message in (call, *call.parts, *call.history, *call.missing_parts, *facts.events, *facts.records):
        poison(message)
    call.missing.append(ATTACK)
    call.unreadable.append(ATTACK)
    job = reconciler_pb2.Job(
        call_id=ATTACK, last_error=ATTACK, history=[reconciler_pb2.JobAttempt(reason=ATTACK)]
    )
    session = book_pb2.Session(session_id=ATTACK, calls=[call], other_parts=call.parts)
    edge.fakes.ledger.calls["x"] = call
    edge.fakes.ledger.call_facts["x"] = facts
    edge.fakes.ledger.sessions[ATTACK] = session
    edge.fakes.reconciler.jobs = [job]
    response = await edge.client.get("/billing/calls/x")
    assert_inert(response, at_least=40)


async def test_ids_that_nobody_knows_are_inert_too(edge: EdgeUnderTest) -> None:
    response = await edge.client.get(
        f"/billing/calls/{quote(ATTACK, safe='')}",
        params={"back": ATTACK, "outcome": ATTACK, "asked": ATTACK},
    )
    assert response.status_code == 404
    assert_inert(response, at_least=1)


def poison(message: object) -> None:
    """Every text of a message from outside, but not its ids' shape: the attack itself is the id."""
    for field in message.DESCRIPTOR.fields:  # type: ignore[attr-defined]
        if field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(message, field.name, ATTACK)


def assert_inert(response: httpx.Response, at_least: int) -> None:
    page = Page(response.text)
    assert page.text.count("<script>alert(1)</script>") >= at_least
    assert {tag["src"].split("?")[0] for tag in page.tags if tag.has("src")} == {
        "/static/icon.svg",
        "/static/billing.js",
        "/static/vendor/htmx-4.0.1.min.js",
    }
    attributes = {name for tag in page.tags for name in tag.attributes}
    assert not {name for name in attributes if name.startswith(("on", "style", "hx-on"))}
    assert not re.search(r"<script>|<img src=x|>49<", response.text)
    for tag in page.tags:
        for name in ("href", "action", "hx-get", "hx-post"):
            assert tag.attributes.get(name, "/").startswith(("/", "#")), (tag.name, name)


async def test_the_page_keeps_its_own_content_policy(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    response = await edge.client.get(f"/billing/calls/{CALL_ID}")
    assert not re.search(r"style=|<style|javascript:|https?://", response.text)
    for tag in Page(response.text).tags:
        assert tag.name != "script" or not tag.text
        for url in (tag.attributes.get("src"), tag.attributes.get("href") if tag.name == "link" else None):
            if url:
                assert (await edge.client.get(url)).status_code == 200


async def test_a_leg_of_the_session_that_is_not_found_is_no_disaster(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    edge.fakes.ledger.errors["GetSession"] = NotFound("no session is known under this id")
    page = await page_of(edge, call_id=SILENT_ID)
    assert "The session could not be read: no session is known under this id" in page.text
    assert "2026-11-22 12:03:23 Record Detail record: SIP trunking sip-trunking $0.0062" in page.text


async def test_a_moment_is_told_in_words_of_time(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    facts = ledger_pb2.ListCallFactsResponse(
        events=[
            event(number, "call.cost", 0, delay_s=delay_s)
            for number, delay_s in enumerate((5, 10, 7300, 180_000))
        ]
    )
    edge.fakes.ledger.call_facts[CALL_ID] = facts
    text = (await page_of(edge)).text
    assert list(re.findall(r"received (\d+ \w+) later", text)) == [
        "10 seconds",
        "2 hours",
        "2 days",
    ]
