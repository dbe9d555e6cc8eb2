"""A person's visit in a real browser: connect, ninety days, the refusal, the mail's link, and everything goes on.

Usage: visit.py TOWN WAYBILL PICTURES --faketime LIBRARY [--chromium FILE]
TOWN is the program browser-town, WAYBILL the program that is visited, with libfaketime's LIBRARY to move its clock;
pictures go into the folder.
"""

import argparse
import email
import email.policy
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import people
from playwright.sync_api import sync_playwright

DESK = {"width": 1120, "height": 800}
PHONE = {"width": 390, "height": 844}
# axe-core as its Python package ships it.
AXE = pathlib.Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js").read_text()
# A mail stands within the page of whoever shows it, which has the landmarks.
PART = "{region: {enabled: false}, 'landmark-one-main': {enabled: false}}"
checks = 0
barriers = {}


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"FAILED: {what}")


def barrier(page, name, rules="{}"):
    """What axe-core finds on a page, light and dark; all pages are judged before the visit fails for it."""
    global checks
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(AXE)
        for found in page.evaluate(f"async () => (await axe.run({{rules: {rules}}})).violations"):
            for node in found["nodes"]:
                barriers.setdefault((found["id"], found["help"], node["html"][:160]), []).append(f"{name} ({scheme})")
        checks += 1
    page.emulate_media(color_scheme="light")


class Town:
    def __init__(self, program, folder, waybill, faketime):
        command = [program, folder, waybill, faketime]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def do(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def letters(self):
        """Subject, reader and text of every mail so far."""
        found = []
        for name in self.do("mails"):
            mail = email.message_from_bytes(pathlib.Path(name).read_bytes(), policy=email.policy.default)
            found.append((mail["subject"], mail["to"], mail.get_body(("plain",)).get_content()))
        return found

    def mails(self):
        """Subject and text of every mail so far."""
        return [(subject, text) for subject, _, text in self.letters()]


class Visitor:
    """A browser window. Whatever its console complains about is a failure."""

    def __init__(self, chromium, origin, pictures, size, **more):
        self.context = chromium.new_context(viewport=size, device_scale_factor=1, **more)
        self.page = self.context.new_page()
        self.origin, self.pictures, self.complaints = origin, pictures, []
        self.clicks = 0
        self.page.on("console", lambda line: line.type == "error" and self.complaints.append(line.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path):
        return self.page.goto(path if "://" in path else self.origin + path)

    def press(self, words):
        """By its name, as a screen reader finds it."""
        button = self.page.get_by_role("button", name=words, exact=True)
        (button if button.count() else self.page.get_by_role("link", name=words, exact=True)).first.click()
        self.clicks += 1
        self.page.wait_for_load_state()

    def within(self, clicks, job):
        """A daily job took at most so many clicks since the last count."""
        check(self.clicks <= clicks, f"{job}: {self.clicks} clicks, at most {clicks}")
        print(f"{job}: {self.clicks} of {clicks} clicks")
        self.clicks = 0

    def shows(self, words):
        text = self.page.inner_text("body")
        check(words in text, f"{self.page.url} should show {words!r}:\n{text}")

    def picture(self, name):
        self.judge(name)
        barrier(self.page, name)
        self.page.screenshot(path=str(self.pictures / f"{name}.png"), full_page=True)

    def judge(self, name):
        """What every page owes to small screens, keyboards and screen readers."""
        found = self.page.evaluate(
            """() => ({
                wide: document.documentElement.scrollWidth - window.innerWidth,
                heads: document.querySelectorAll('h1').length,
                language: document.documentElement.lang,
                unnamed: [...document.querySelectorAll('input:not([type=hidden])')].filter(i => !i.labels.length).length,
                silent: [...document.querySelectorAll('button, a')].filter(b => !b.textContent.trim()).length,
                small: [...document.querySelectorAll('button')].filter(b => b.getBoundingClientRect().height < 24
                    && b.offsetParent).length,
            })"""
        )
        good = {"heads": 1, "language": "en", "unnamed": 0, "silent": 0, "small": 0}
        check(all(found[key] == value for key, value in good.items()) and found["wide"] <= 0, f"{name}: {found}")
        check(not self.complaints, f"{name}: {self.complaints}")


def link(text, start):
    return re.search(re.escape(start) + r"\S+", text).group(0)


def sign_in(visitor, town):
    """By a mailed link, in the browser that asks for it."""
    visitor.open("/login")
    visitor.page.get_by_label("Mail address").fill(people.OWNER)
    visitor.press("Mail me a link")
    visitor.shows("Check your mail")
    visitor.picture("login-sent")
    visitor.open(people.newest(town, people.OWNER, town.about["origin"] + "/login/"))
    visitor.press("Sign in")
    check(visitor.page.url == town.about["origin"] + "/", visitor.page.url)


def lists(desk, town):
    """What a person looks up in the morning, by the names of things alone."""
    order = "576000000000000001"
    check(town.do("visit")["orders"] >= 3, "TikTok's orders are read")
    desk.press("Orders")
    desk.shows(order)
    desk.picture("orders")
    desk.page.get_by_label("Search").fill("TBA300000000001")
    with desk.page.expect_navigation():
        desk.page.get_by_role("button", name="Show").click()
    check(desk.page.url.endswith(f"/orders/{order}"), f"one search leads to the order: {desk.page.url}")
    print("what happened to order X: 1 search")
    desk.picture("order")
    desk.complaints.clear()
    desk.open("/orders?q=nobody-knows-it")
    desk.shows("Nothing fits nobody-knows-it")
    desk.picture("orders-none")
    keys(desk)
    desk.press("Deadlines")
    desk.shows("first scan by")
    desk.picture("deadlines")
    desk.press("Report")
    desk.shows("Late dispatch")
    desk.picture("report")
    for name, words in [("Carriers", "Live list"), ("Health", "Table")]:
        if not desk.page.locator("details.more[open]").count():
            desk.page.get_by_text("More", exact=True).click()
        desk.press(name)
        desk.shows(words)
        desk.picture(name.lower())
    desk.press("Backfill")
    desk.picture("backfill")
    rows = f"tiktok_order_id,tracking_number,carrier\n{order},TBA300000000001,Amazon Logistics\n{order},,USPS\n"
    desk.page.get_by_label("CSV file").set_input_files(
        [{"name": "week-48.csv", "mimeType": "text/csv", "buffer": rows.encode()}]
    )
    desk.press("Check the rows")
    desk.shows("2 rows for Tiny Mugs US. Good: 1; not good: 1.")
    desk.picture("backfill-preview")
    desk.page.set_viewport_size(PHONE)
    for name, path in [("orders", "/orders"), ("deadlines", "/deadlines"), ("mapping", "/mapping"), ("report", "/report"),
                       ("health", "/health"), ("backfill", "/backfill")]:
        desk.open(path)
        desk.picture(f"{name}-phone")
    desk.page.set_viewport_size(DESK)
    desk.open(f"/shops/{town.about['shop']}")


def settle(desk, town):
    """The daily jobs that end in a press: the next thing to settle, a carrier to map, a parcel to hold."""
    town.do("ship 2 Antique cart")
    check(town.do("push 0")["pushed"] == 0, "nobody knows this carrier either")
    desk.open("/")
    desk.picture("overview-work")
    desk.clicks = 0
    desk.press("Attention")
    desk.shows("Antique cart")
    desk.picture("attention")
    desk.clicks = 1
    # What settles the first row stands open on it: its guess is taken, or typed over.
    desk.page.get_by_label("TikTok carrier for Antique cart").first.fill("Better Trucks")
    desk.press("Map carrier")
    desk.shows("Antique cart means Better Trucks")
    desk.within(2, "the next thing to settle")
    check(town.do("push 2")["pushed"] == 2, "both go out")
    town.do("ship 2 Old tram")
    town.do("push 0")
    desk.open("/attention")
    desk.page.locator("summary", has_text="Dismiss or hold with a note").first.click()
    desk.page.get_by_label("Note: why (nothing about a buyer)").first.fill("the buyer asked to wait")
    desk.press("Hold here")
    desk.shows("Held here by owner@tiny-mugs.example since")
    desk.picture("attention-held")
    desk.press("Release")
    desk.shows("released: judged with the next push")
    town.do("push 0")
    desk.open("/")
    desk.clicks = 0
    desk.press("Attention")
    desk.page.get_by_label("TikTok carrier for Old tram").first.fill("Better Trucks")
    desk.press("Map carrier")
    desk.shows("Old tram means Better Trucks")
    desk.within(3, "map a carrier")
    check(town.do("push 2")["pushed"] == 2, "one choice sends both")
    desk.page.set_viewport_size(PHONE)
    for name, path in [("attention-phone", "/attention"), ("order-phone", "/orders/576000000000000001")]:
        desk.open(path)
        desk.picture(name)
    desk.page.set_viewport_size(DESK)


def keys(desk):
    """The daily path without a mouse."""
    focused = "document.activeElement.getAttribute('href') ?? document.activeElement.name"
    focus = lambda: desk.page.evaluate(focused)
    key = desk.page.keyboard.press
    desk.open("/deadlines")
    with desk.page.expect_navigation():
        key("/")
    desk.page.wait_for_load_state()
    check(desk.page.url.endswith("/orders#search") and focus() == "q", f"/ leads to the search: {focus()}")
    key("j")
    check(desk.page.get_by_label("Search").input_value() == "j", "a letter that is typed is text")
    desk.open("/orders")
    links = desk.page.evaluate(
        "[...document.querySelectorAll('table.list tbody tr')].map(r => r.querySelector('a').getAttribute('href'))"
    )
    seen = []
    for letter in "jjk":
        key(letter)
        seen.append(focus())
    check(seen == [links[0], links[1], links[0]], f"j and k go down and up: {seen}")
    with desk.page.expect_navigation():
        key("Enter")
    check(desk.page.url.endswith(links[0]), "Enter opens the row")
    key("e")
    inside = desk.page.evaluate("!!document.activeElement.closest('main form, main details')")
    check(inside, "e goes to what settles it")
    desk.open("/orders")
    desk.page.locator("footer button").click()
    desk.page.locator("footer button").blur()
    key("j")
    check(focus() not in links, "keys that are off do nothing")
    desk.page.locator("footer button").click()


def story(chromium, town, pictures):
    origin = town.about["origin"]
    desk = Visitor(chromium, origin, pictures, DESK)
    desk.open("/")
    check(desk.page.url.endswith("/login"), "a stranger is asked to sign in")
    desk.picture("login")
    # The first Tab goes to the way past the head of the page.
    desk.page.keyboard.press("Tab")
    check(desk.page.evaluate("document.activeElement.className") == "skip", "the skip link comes first")
    desk.open(town.about["login"])
    desk.picture("login-door")
    desk.press("Sign in")
    desk.shows("No TikTok shop yet")
    desk.picture("overview-empty")
    desk.press("Connect a TikTok shop")
    desk.picture("connect")
    desk.press("Continue to TikTok (US)")
    desk.shows("Tiny Mugs US")
    desk.picture("connected")
    town.do("ship 3 Amazon Logistics")
    check(town.do("push 3")["pushed"] == 3, "three parcels go out")
    town.do("tick")
    desk.press("Open the overview")
    desk.clicks = 0
    desk.open("/")
    desk.shows("All is well")
    desk.within(0, "look: one page")
    desk.picture("overview")
    desk.press("Shops")
    desk.picture("shops")
    desk.open("/connect/magento")
    desk.picture("connect-magento")
    desk.open(f"/shops/{town.about['shop']}")
    desk.picture("shop")

    lists(desk, town)
    settle(desk, town)

    town.do("ship 2 Our own van")
    check(town.do("push 0")["pushed"] == 0, "nobody knows this carrier")
    desk.open(f"/shops/{town.about['shop']}")
    desk.shows("Which carrier is Our own van?")
    desk.picture("shop-unmatched")
    desk.page.get_by_label("TikTok carrier").select_option("Better Trucks")
    desk.press("Save and send 2")
    desk.shows("Tracking numbers queued: 2")
    check(town.do("push 2")["pushed"] == 2, "one choice sends both")
    desk.press("Mapping")
    desk.shows("Our own van")
    desk.picture("mapping")
    desk.page.get_by_label("Store's carrier name").last.fill("Better Trucks")
    desk.press("Test it")
    desk.shows("known by itself")
    desk.press("Remove")
    desk.shows("is not mapped any more")
    desk.open("/audit")
    desk.shows("owner@tiny-mugs.example")
    desk.picture("audit")

    for _ in range(89):
        town.do("skip 24")
        town.do("tick")
    subjects = [mail[0] for mail in town.mails()]
    left = [subject.split("(")[-1].rstrip(")") for subject in subjects if "days left" in subject or "day left" in subject]
    ladder = ["30 days left", "14 days left", "7 days left", "3 days left", "2 days left", "1 day left"]
    check(left == ladder, f"each step once: {subjects}")
    town.do("skip 48")
    town.do("tick")
    check("overdue - tracking still runs" in town.mails()[-1][0], "TikTok still accepts")
    town.do("ship 1 Amazon Logistics")
    check(town.do("push 1")["pushed"] == 1, "overdue, and still sent")

    town.do("revoke")
    town.do("ship 2 Amazon Logistics")
    check(town.do("push 0")["pushed"] == 0, "TikTok refuses")
    check(town.do("parked")["state"] == "AUTH_EXPIRED", "the shop is parked")
    town.do("tick")
    subject, text = town.mails()[-1]
    check("disconnected - tracking is paused" in subject, subject)
    check("105002" in text and "Trackings waiting: 2" in text, text)
    sign_in(desk, town)
    desk.shows("Disconnected")
    desk.picture("overview-disconnected")

    reconnect = link(text, origin + "/reconnect?t=")
    phone = Visitor(chromium, origin, pictures, PHONE, is_mobile=True, has_touch=True)
    phone.open(reconnect)
    phone.clicks = 1
    check(phone.page.url == origin + "/reconnect", "the address bar is clean")
    phone.shows("Tracking is paused since")
    phone.picture("reconnect-phone")
    phone.press("Continue to TikTok")
    # TikTok's own page has one more button; the model says yes by itself.
    phone.clicks += 1
    phone.within(3, "reconnect from the mail")
    phone.shows("Connected again")
    phone.shows("2 trackings")
    phone.picture("connected-again-phone")
    check(town.do("push 2")["pushed"] == 2, "what waited is sent")
    town.do("skip 1")
    town.do("tick")
    check("reconnected, 2 trackings sent" in town.mails()[-1][0], town.mails()[-1][0])

    phone.open(reconnect)
    phone.shows("Already reconnected")
    phone.complaints.clear()  # The browser notes the 410 of the page before.
    phone.picture("superseded-phone")
    desk.open("/")
    desk.picture("overview-again")
    guest = Visitor(chromium, origin, pictures, PHONE, is_mobile=True, has_touch=True)
    people.story(desk, guest, town, PHONE)
    for name, path in [("overview-phone", "/"), ("shops-phone", "/shops"), ("shop-phone", f"/shops/{town.about['shop']}"),
                       ("connect-phone", "/connect"), ("connect-magento-phone", "/connect/magento")]:
        desk.open(path)
        desk.picture(name)
    desk.open("/nowhere")
    desk.complaints.clear()
    desk.shows("There is nothing here")
    desk.picture("missing-phone")


def mails(chromium, waybill, pictures):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([waybill, "mail", "preview", "--folder", folder], check=True, stdout=subprocess.DEVNULL)
        for file in sorted(pathlib.Path(folder).glob("*.html")):
            page = chromium.new_page(viewport={"width": 680, "height": 400})
            page.goto(file.as_uri())
            barrier(page, f"mail {file.stem}", PART)
            page.screenshot(path=str(pictures / f"mail-{file.stem}.png"), full_page=True)
            page.set_viewport_size({"width": 360, "height": 400})
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            check(wide <= 0, f"mail {file.stem} is {wide} px too wide for a phone")
            page.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("town")
    parser.add_argument("waybill")
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("--faketime", required=True)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    given.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        town = Town(given.town, folder, given.waybill, given.faketime)
        try:
            story(chromium, town, given.pictures)
            mails(chromium, given.waybill, given.pictures)
        finally:
            town.process.stdin.close()
            town.process.wait(20)
            chromium.close()
    for (rule, words, html), pages in barriers.items():
        print(f"{rule}: {words}: {html}\n    on {', '.join(pages)}")
    check(not barriers, f"axe-core finds {len(barriers)} barriers")
    print(f"browser: {checks} checks, {len(list(given.pictures.glob('*.png')))} pictures")


main()
