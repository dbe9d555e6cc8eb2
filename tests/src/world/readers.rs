//! Who reads a shop's orders, and which leases it held at that moment, as the outside saw it.

use super::calls::Calls;
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One read of TikTok's orders.
#[derive(Clone, Debug)]
pub struct Read {
    /// The key of the shop, as the request carried it.
    pub cipher: String,
    /// Partitions of the leases that the reading process held then.
    pub leases: BTreeSet<String>,
}

#[derive(Default)]
struct State {
    /// By the lease's partition: the process that has it, and until when in milliseconds.
    holders: HashMap<String, (usize, i64)>,
    reads: Vec<Read>,
}

/// Leases as the table gave them, and the reads under them.
#[derive(Default)]
pub struct Readers(Mutex<State>);

impl Readers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table has carried out an update of a lease.
    pub fn leased(&self, process: &Calls, request: &Value) {
        let Some(lease) = request["Key"]["pk"]["S"].as_str().filter(|pk| pk.starts_with("LEASE#")) else { return };
        let until = request["ExpressionAttributeValues"][":until"]["N"].as_str().and_then(|ms| ms.parse().ok());
        // Without a time the lease was given back.
        match until {
            Some(until) => drop(self.state().holders.insert(lease.to_owned(), (process.id(), until))),
            None => drop(self.state().holders.remove(lease)),
        }
    }

    /// A process sends a request to TikTok at this time in milliseconds.
    pub fn sends(&self, process: &Calls, request: &Request<Bytes>, now: i64) {
        let uri = request.uri();
        let path = uri.path();
        let by_id = path.ends_with("/orders") && request.method() == http::Method::GET;
        if !by_id && !path.ends_with("/orders/search") {
            return;
        }
        let query = uri.query().unwrap_or_default();
        let cipher = query.split('&').find_map(|pair| pair.strip_prefix("shop_cipher=")).unwrap_or_default();
        let mut state = self.state();
        let held = state.holders.iter().filter(|(_, (owner, until))| *owner == process.id() && *until >= now);
        let leases = held.map(|(lease, _)| lease.clone()).collect();
        state.reads.push(Read { cipher: cipher.to_owned(), leases });
    }

    /// Every read of orders so far.
    #[must_use]
    pub fn reads(&self) -> Vec<Read> {
        self.state().reads.clone()
    }
}
