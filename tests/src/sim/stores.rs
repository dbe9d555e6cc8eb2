//! Scenes of model stores: deliveries that are lost, thin or late, subscriptions that end, APIs that fail; and the slow
//! schedule whose polls heal what was missed.

use super::living::answer;
use super::rig::{Done, Rig};
use super::scenes::simple_orders;
use super::script::{SECOND, Scene, Script, Step, usps};
use crate::world::World;
use crate::world::stores::{Front, copy_of};
use futures_util::FutureExt as _;
use lambda_http::Body;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;
use waybill_model::stores::{IdField, Kind, Mischief, ModelStore, Outgoing, Plugin, Way};

/// The slow schedule's rate.
pub const SLOW: Duration = Duration::from_secs(300);
/// Lambda's limit for its function.
const FUNCTION: Duration = Duration::from_secs(240);
/// After trouble every store is polled within this time: hourly while it ships, and a quarter of an hour after a failure.
const HEALED: Duration = Duration::from_secs(3 * 3600);
/// While everything is well, ticks this far apart see all that ticks every five minutes would see.
const SLOWER: Duration = Duration::from_secs(3600);

/// A delivery of a model store on its way.
#[derive(Debug)]
pub struct Post {
    front: usize,
    outgoing: Outgoing,
    tries: u32,
}

impl Post {
    fn again(&self) -> Self {
        let Outgoing { hook, topic, request } = &self.outgoing;
        let outgoing = Outgoing { hook: *hook, topic: topic.clone(), request: copy_of(request) };
        Self { front: self.front, outgoing, tries: self.tries }
    }
}

/// Opens the stores of a script and subscribes to them.
pub(super) async fn open(world: &World, script: &Script) -> Vec<Front> {
    let mut fronts = Vec::new();
    for (kind, _) in &script.fronts {
        let front = world.open_store(*kind).await;
        front.model.subscribe_all(&front.added.webhook_url);
        fronts.push(front);
    }
    fronts
}

/// Whether a sender repeats what was not acknowledged. WooCommerce never does, Magento's ways only sometimes.
fn repeats(kind: Kind) -> bool {
    matches!(kind, Kind::Shopify | Kind::BigCommerce | Kind::Generic | Kind::Magento(Way::IoEvents))
}

impl Rig {
    /// What a store has to tell sets out: lost, or once or twice, soon or late.
    pub(super) fn hear(&mut self, front: usize) {
        let lost = self.script.fronts[front].1;
        for outgoing in self.fronts[front].model.deliveries() {
            if self.chance.happens(lost) {
                self.fronts[front].model.answered(outgoing.hook, None);
                continue;
            }
            let post = Post { front, outgoing, tries: 0 };
            for _ in 0..if self.chance.happens(0.25) { 2 } else { 1 } {
                let at = Instant::now() + self.part(Duration::from_secs(150));
                self.posts.push((at, post.again()));
            }
        }
    }

    pub(super) fn send_posts(&mut self, now: Instant) {
        let (due, later) = std::mem::take(&mut self.posts).into_iter().partition(|(at, _)| *at <= now);
        self.posts = later;
        for (_, mut post) in due {
            self.fronts[post.front].model.sign_again(&mut post.outgoing);
            let (mut head, body) = copy_of(&post.outgoing.request).into_parts();
            head.uri = head.uri.path_and_query().map_or("/", |path| path.as_str()).parse().expect("a path");
            let request = lambda_http::Request::from_parts(head, Body::Binary(body.to_vec()));
            let answered = answer(self.hooks.now().clone(), request);
            let done = answered.map(|(status, words)| Done::Post { post: Box::new(post), status, words });
            self.running.push(done.boxed_local());
        }
    }

    /// The store learns how its delivery was answered.
    pub(super) fn posted(&mut self, mut post: Post, status: Option<u16>, words: String) {
        if self.answers.len() < 200 {
            self.answers.push(words);
        }
        let model = &self.fronts[post.front].model;
        model.answered(post.outgoing.hook, status);
        let accepted = status.is_some_and(|status| (200..300).contains(&status));
        if status.is_some_and(|status| (400..500).contains(&status)) {
            self.problems.push(format!("a rightly signed {} was answered {status:?}", post.outgoing.topic));
        } else if !accepted && repeats(model.kind()) {
            post.tries += 1;
            self.posts.push((Instant::now() + SECOND * 20 * post.tries.min(30), post));
        }
        self.revive_hooks();
    }

    /// Whether any store has an API: a warehouse has none.
    fn has_polls(&self) -> bool {
        self.script.fronts.iter().any(|(kind, _)| *kind != Kind::Generic)
    }

    /// One tick of the slow schedule, where a script has stores that can be read.
    pub(super) fn slow_tick(&mut self) {
        if !self.has_polls() || self.slow_busy {
            return;
        }
        self.slow_busy = true;
        let process = self.slow.now().clone();
        let tick = async move {
            let event = reauth_reminder::Event::tick();
            let tick = reauth_reminder::handle(&process.app, &event);
            let alive = process.calls.live(tokio::time::timeout(FUNCTION, tick)).await.is_some();
            Done::Slow { alive }
        };
        self.running.push(tick.boxed_local());
    }

    /// The stores are well again, and both schedules go on until every store was read.
    pub(super) async fn heal_stores(&mut self) {
        if !self.has_polls() {
            return;
        }
        self.heal();
        self.fronts.iter().for_each(|front| front.model.behave());
        let end = Instant::now() + HEALED;
        while Instant::now() < end {
            self.slow_tick();
            self.tick(0);
            self.settle_down().await;
            tokio::time::sleep(SLOWER).await;
        }
    }
}

/// A store's order in the making: its number is known once it is placed.
type Placed = Rc<Cell<u64>>;

impl Scene {
    fn front(&mut self, kind: Kind, lost: f64) -> usize {
        self.script.fronts.push((kind, lost));
        self.script.lasts = SECOND * 1200;
        self.script.fronts.len() - 1
    }

    fn merchant(&mut self, at: Duration, front: usize, does: impl Fn(&ModelStore) + 'static) {
        self.at(at, Step::Merchant { front, does: Box::new(does) });
    }

    /// An order on both sides, placed at the start.
    fn twin(&mut self, front: usize, lines: &[(&'static str, u32)]) -> (String, Placed) {
        let (id, placed) = (self.order(0, lines), Placed::default());
        let (tiktok, twin, lines) = (id.clone(), placed.clone(), lines.to_vec());
        self.merchant(Duration::ZERO, front, move |store| {
            let order = store.order().tiktok(IdField::Main, &tiktok);
            twin.set(lines.iter().fold(order, |order, (sku, units)| order.line(sku, *units)).place());
        });
        (id, placed)
    }

    /// The merchant ships a part of an order.
    fn ships(&mut self, at: Duration, front: usize, order: &Placed, lines: &[(&'static str, u32)], number: &str) {
        let (order, lines, number) = (order.clone(), lines.to_vec(), number.to_owned());
        self.merchant(at, front, move |store| {
            store.fulfil(order.get(), &lines, &[&number], "USPS").expect("shipped");
        });
    }

    fn moment(&mut self, from: u64, within: u64) -> Duration {
        SECOND * u32::try_from(from + self.upto(within)).expect("small")
    }

    /// The store's API fails for a while, in ways that heal by themselves.
    fn fails(&mut self, at: Duration, front: usize) {
        let ways = [
            Mischief::Hang,
            Mischief::Reset,
            Mischief::Status(500),
            Mischief::Throttle(Some(5)),
            Mischief::NotJson,
            Mischief::ChangedSchema,
            Mischief::Redirect("http://127.0.0.1:9001/".into()),
        ];
        let way = ways[self.upto(7) as usize].clone();
        let times = u32::try_from(1 + self.upto(4)).expect("small");
        self.merchant(at, front, move |store| store.misbehave(way.clone(), Some(times)));
    }
}

/// Half of the webhooks are lost, the rest may come twice; in some lives the subscription is switched off or gone.
pub(super) fn woocommerce(seed: u64) -> Script {
    let mut scene = Scene::new("woocommerce_webhooks_are_lost", seed);
    let plugins =
        [Plugin::Official, Plugin::Ast, Plugin::AfterShip, Plugin::VillaTheme, Plugin::PluginHive, Plugin::Core];
    let plugin = plugins[scene.upto(6) as usize];
    let front = scene.front(Kind::WooCommerce(plugin), 0.5);
    for serial in 1..4 {
        let (order, twin) = scene.twin(front, &[("MUG", 1)]);
        let at = scene.moment(10, 600);
        scene.ships(at, front, &twin, &[], &usps(serial));
        scene.arrives(&order, &usps(serial), 1);
    }
    let (at, gone) = (scene.moment(1, 600), scene.upto(3));
    scene.merchant(at, front, move |store| match gone {
        0 => store.drop_subscriptions(),
        1 => store.subscriptions().iter().for_each(|hook| store.disable_subscription(hook.id)),
        _ => {}
    });
    let at = scene.moment(1, 900);
    scene.fails(at, front);
    scene.script
}

/// Thin bodies: every shipment needs reads, and the API fails while they are made. One parcel gets another number.
pub(super) fn bigcommerce(seed: u64) -> Script {
    let mut scene = Scene::new("bigcommerce_reads_fail", seed);
    let front = scene.front(Kind::BigCommerce, 0.1);
    let (order, twin) = scene.twin(front, &[("MUG", 2), ("CAP", 1)]);
    let (a, b, c) = (usps(1), usps(2), usps(3));
    let first = scene.moment(5, 200);
    scene.ships(first, front, &twin, &[("MUG", 2)], &a);
    let parcel = Rc::new(Cell::new(0));
    let (made, number, its) = (Rc::clone(&parcel), b.clone(), twin.clone());
    let at = scene.moment(5, 200);
    scene.merchant(at, front, move |store| {
        made.set(store.fulfil(its.get(), &[("CAP", 1)], &[&number], "USPS").expect("shipped"));
    });
    let (edit, number) = (at + scene.moment(2, 500), c.clone());
    scene.merchant(edit, front, move |store| {
        assert!(store.edit_tracking(twin.get(), parcel.get(), &[&number], "USPS"));
    });
    for _ in 0..3 {
        let at = scene.moment(1, 900);
        scene.fails(at, front);
    }
    scene.arrives(&order, &a, 2);
    scene.arrives(&order, &c, 1);
    scene.script.ages.push(vec![b, c]);
    scene.script
}

/// Partial shipments; the track of the second one is typed later, of which Mage-OS tells nothing.
pub(super) fn magento(seed: u64) -> Script {
    let mut scene = Scene::new("magento_ships_in_parts", seed);
    let way = if scene.chance.happens(0.5) { Way::MageOs } else { Way::Mageplaza };
    let front = scene.front(Kind::Magento(way), 0.2);
    let (order, twin) = scene.twin(front, &[("MUG", 3)]);
    let (a, b) = (usps(1), usps(2));
    let at = scene.moment(5, 200);
    scene.ships(at, front, &twin, &[("MUG", 2)], &a);
    let (parcel, its) = (Rc::new(Cell::new(0)), twin.clone());
    let (made, at) = (Rc::clone(&parcel), at + scene.moment(1, 200));
    scene.merchant(at, front, move |store| {
        made.set(store.fulfil(its.get(), &[("MUG", 1)], &[], "USPS").expect("shipped"));
    });
    let (typed, number) = (at + scene.moment(2, 400), b.clone());
    scene.merchant(typed, front, move |store| {
        assert!(store.edit_tracking(twin.get(), parcel.get(), &[&number], "USPS"));
    });
    let at = scene.moment(1, 900);
    scene.fails(at, front);
    scene.arrives(&order, &a, 2);
    scene.arrives(&order, &b, 1);
    scene.script
}

/// Adobe's ways tell of every track, with ids only.
pub(super) fn adobe(seed: u64) -> Script {
    let mut scene = Scene::new("adobe_tells_of_tracks", seed);
    let way = if scene.chance.happens(0.5) { Way::IoEvents } else { Way::CommerceWebhooks };
    let front = scene.front(Kind::Magento(way), 0.1);
    let (order, twin) = scene.twin(front, &[("MUG", 1), ("CAP", 2)]);
    let lines: [&[(&'static str, u32)]; 2] = [&[("MUG", 1)], &[("CAP", 2)]];
    for (serial, lines) in (1..).zip(lines) {
        let at = scene.moment(5, 400);
        scene.ships(at, front, &twin, lines, &usps(serial));
        scene.arrives(&order, &usps(serial), if serial == 1 { 1 } else { 2 });
    }
    let at = scene.moment(1, 600);
    scene.fails(at, front);
    scene.script
}

/// A warehouse repeats until it is answered with a 2xx; nothing can be read from it.
pub(super) fn generic(seed: u64) -> Script {
    let mut scene = Scene::new("warehouse_reports_parcels", seed);
    let front = scene.front(Kind::Generic, 0.0);
    let (order, twin) = scene.twin(front, &[("MUG", 2), ("CAP", 1)]);
    let lines: [&[(&'static str, u32)]; 3] = [&[("MUG", 1)], &[("CAP", 1)], &[("MUG", 1)]];
    for (serial, lines) in (1..).zip(lines) {
        let at = scene.moment(5, 400);
        scene.ships(at, front, &twin, lines, &usps(serial));
        scene.arrives(&order, &usps(serial), 1);
    }
    scene.script
}

/// One store never answers; what others shipped goes on, and its own parcel follows when it is back.
pub(super) fn hanging(seed: u64) -> Script {
    let mut scene = Scene::new("store_that_hangs", seed);
    let front = scene.front(Kind::BigCommerce, 0.0);
    simple_orders(&mut scene, 0, 0, 3, 300);
    scene.merchant(Duration::ZERO, front, |store| store.misbehave(Mischief::Hang, None));
    let (order, twin) = scene.twin(front, &[("MUG", 1)]);
    let at = scene.moment(5, 200);
    scene.ships(at, front, &twin, &[], &usps(77));
    scene.arrives(&order, &usps(77), 1);
    scene.script
}
