//! What happens at a moment: a tick of a worker, a step of the script.

use super::*;

impl Rig {
    pub(in crate::sim) fn tick(&mut self, worker: usize) {
        if self.busy[worker] {
            return;
        }
        self.busy[worker] = true;
        let (process, shards) = (self.workers[worker].now().clone(), self.shards.iter().map(|s| s.number()).collect());
        let most = self.drop_at.and_then(|poll| poll.checked_sub(self.polls)).unwrap_or(u64::MAX);
        let freeze = if worker == 0 && !self.froze { self.script.freeze_at } else { 0 };
        if freeze > 0 {
            self.froze = true;
        }
        let limit = FUNCTION + if freeze > 0 { self.script.frozen } else { Duration::ZERO };
        let frozen = self.script.frozen;
        let event = tracking_push::Event { shards };
        let (watch, before, survived) = (self.workers[worker].watch(), self.polls, self.survived);
        self.running.push(
            async move {
                let app = Arc::clone(&process.app);
                let handler = async { tracking_push::handle(&app, &event).await.is_ok() };
                let handler = Frozen::new(handler, &process.calls, freeze, frozen);
                let handler = Cut::new(handler, most).watched(watch, before);
                let limited = async { tokio::time::timeout(limit, handler).await };
                let (alive, polls) = match process.calls.live(limited).await {
                    Some(Ok((Some(_), polls))) => (true, polls),
                    Some(Ok((None, polls))) => (survived, polls + 1),
                    Some(Err(_)) | None => (false, 0),
                };
                Done::Tick { worker, alive, polls }
            }
            .boxed_local(),
        );
    }

    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Store { store, order, late } => {
                let now = self.world.time.now();
                let body = shopify_order(order.number, &order.tiktok, &order.version, &order.fulfilments);
                let mut body = body;
                let topic = if order.cancelled {
                    body["cancelled_at"] = order.version.clone().into();
                    "orders/cancelled"
                } else {
                    "orders/fulfilled"
                };
                let delivery = Delivery { store, topic, body, triggered: now.to_string(), tries: 0 };
                self.deliver(delivery, late);
            }
            Step::TikTok(happens) => happens(&self.world.tiktok),
            Step::Save { words, carrier } => self.save(words, carrier),
            Step::Merchant { front, does } => {
                does(&self.fronts[front].model);
                self.hear(front);
            }
            Step::Table(faults) => self.world.wire.set_faults(faults),
            Step::Crash => {
                self.workers[0].now().calls.die();
                if !self.busy[0] {
                    self.restart(0);
                }
            }
        }
    }
}
