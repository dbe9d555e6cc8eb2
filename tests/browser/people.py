"""Several people in the browser: an invitation is sent and taken up, mails of a shop get readers, and a person of two
accounts chooses one and copies mappings from one to the other."""

import re
import time

OPERATOR = "operator@example.com"
OWNER = "owner@tiny-mugs.example"
# Links that a browser of the visit has opened.
opened = set()


def newest(town, email, start):
    """The last link of this kind that was mailed to somebody. A mail may come after the page that speaks of it."""
    for _ in range(100):
        found = [re.search(re.escape(start) + r"\S+", text) for _, to, text in town.letters() if to == email]
        links = [link.group(0) for link in found if link]
        if links and links[-1] not in opened:
            opened.add(links[-1])
            return links[-1]
        time.sleep(0.1)
    raise AssertionError(f"no new link {start} for {email}")


def sign_in(visitor, town, email):
    """By a mailed link, in the browser that asks for it."""
    visitor.open("/login")
    visitor.page.get_by_label("Mail address").fill(email)
    visitor.press("Mail me a link")
    enter(visitor, town, email)


def enter(visitor, town, email):
    visitor.shows("Check your mail")
    visitor.open(newest(town, email, town.about["origin"] + "/login/"))
    visitor.press("Sign in")


def story(desk, guest, town, phone):
    origin, shop = town.about["origin"], f"/shops/{town.about['shop']}"
    desk.open("/people")
    desk.picture("people")
    desk.page.get_by_label("Mail address").fill(OPERATOR)
    desk.page.get_by_label("Operator:").check()
    desk.press("Invite")
    desk.shows(f"{OPERATOR} was asked by mail")
    desk.picture("people-invited")
    guest.open(newest(town, OPERATOR, origin + "/invitation/"))
    guest.shows("You are invited to Tiny Mugs")
    guest.picture("invitation-phone")
    guest.press("Take it up")
    enter(guest, town, OPERATOR)
    guest.shows("Overview" if guest.page.locator("h1", has_text="Overview").count() else "All is well")

    # Who gets the mails about the shop.
    desk.open(shop + "#settings")
    desk.page.get_by_label(OPERATOR).check()
    desk.press("Save settings")
    desk.shows(f"mails go to: {OPERATOR} (was the account's address)")
    desk.page.get_by_text("Write one more value", exact=True).click()
    desk.page.get_by_label("Where in TikTok's order").fill("delivery_option_name")
    desk.page.get_by_label("Where in the store's order").fill("waybill.delivery")
    desk.press("Write it")
    desk.shows("is written to waybill.delivery, once")
    desk.picture("shop-mails")

    # A second account asks the owner of the first one in, whose browser is signed in already.
    desk.open(town.do("neighbour")["link"])
    desk.shows("You are invited to Second Mugs")
    desk.picture("invitation")
    desk.press("Take it up")
    desk.shows("You are an operator of Second Mugs now")
    desk.picture("people-as-operator")
    desk.press("Sign out")
    sign_in(desk, town, OWNER)
    desk.shows("Your accounts")
    desk.picture("accounts")
    desk.press("Open Second Mugs")
    desk.open("/attention")
    desk.shows("Nothing needs a hand")
    desk.picture("attention-empty")
    desk.open("/accounts")
    desk.press("Open Tiny Mugs")
    desk.open("/mapping/copy")
    desk.page.get_by_label("From").select_option(index=1)
    desk.page.get_by_label("Second Mugs").first.check()
    desk.press("Show what will change")
    desk.shows("copied")
    desk.picture("mapping-copy")
    desk.page.locator("button", has_text=re.compile(r"Copy \d+ mappings?")).click()
    desk.page.wait_for_load_state()
    desk.shows("Second Mugs")
    desk.picture("mapping-copied")
    desk.page.set_viewport_size(phone)
    for name, path in [("people-phone", "/people"), ("accounts-phone", "/accounts"), ("mapping-copy-phone", "/mapping/copy"),
                       ("shop-mails-phone", shop)]:
        desk.open(path)
        desk.picture(name)
