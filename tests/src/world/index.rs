//! The indexes as a reader sees them: some seconds behind the table.

use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

type Key = (String, String);

/// What is listed, as of some moment.
#[derive(Default)]
struct View {
    place: HashMap<Key, Key>,
    sorted: BTreeSet<(String, String, Key)>,
}

impl View {
    fn apply(&mut self, key: Key, place: Option<Key>) {
        if let Some(old) = self.place.remove(&key) {
            self.sorted.remove(&(old.0, old.1, key.clone()));
        }
        if let Some(new) = place {
            self.sorted.insert((new.0.clone(), new.1.clone(), key.clone()));
            self.place.insert(key, new);
        }
    }
}

/// One index: every change of a place in its lists, in order; a view of now, and one that is behind.
#[derive(Default)]
struct One {
    now: View,
    behind: View,
    pending: VecDeque<(Duration, Key, Option<Key>)>,
    seen: Duration,
}

fn text(item: &Value, name: &str) -> Option<String> {
    item[name]["S"].as_str().map(str::to_owned)
}

/// The table's indexes.
#[derive(Default)]
pub struct Index {
    due: One,
    list: One,
    find: One,
}

impl Index {
    fn each(&mut self) -> [(&'static str, &mut One); 3] {
        [("due", &mut self.due), ("list", &mut self.list), ("find", &mut self.find)]
    }

    /// Notes what a successful write did to the lists.
    pub fn note(&mut self, at: Duration, operation: &str, request: &Value) {
        match operation {
            "PutItem" => self.put(at, &request["Item"]),
            "DeleteItem" => self.remove(at, &request["Key"]),
            "TransactWriteItems" => {
                for part in request["TransactItems"].as_array().into_iter().flatten() {
                    if part["Put"].is_object() {
                        self.put(at, &part["Put"]["Item"]);
                    } else if part["Delete"].is_object() {
                        self.remove(at, &part["Delete"]["Key"]);
                    }
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, at: Duration, item: &Value) {
        for (name, index) in self.each() {
            let place = text(item, &format!("{name}_pk")).zip(text(item, &format!("{name}_sk")));
            index.change(at, item, place);
        }
    }

    fn remove(&mut self, at: Duration, key: &Value) {
        for (_, index) in self.each() {
            index.change(at, key, None);
        }
    }

    /// Answers a query of a list as of `until`; the view never moves backwards.
    ///
    /// # Panics
    /// When the table has no such index.
    pub fn query(&mut self, request: &Value, until: Duration) -> String {
        let wanted = request["IndexName"].as_str().unwrap_or_default().to_owned();
        let found = self.each().into_iter().find(|(name, _)| *name == wanted);
        let (name, index) = found.unwrap_or_else(|| panic!("there is no index {wanted}"));
        index.query(name, request, until)
    }

    /// The places of the lists whose name starts so, of every index: list, place, row.
    #[must_use]
    pub fn listed(&self, lists: &str) -> Vec<(String, String, Key)> {
        [&self.due, &self.list, &self.find].into_iter().flat_map(|index| index.listed(lists)).collect()
    }
}

impl One {
    fn change(&mut self, at: Duration, item: &Value, place: Option<Key>) {
        let Some(key) = text(item, "pk").zip(text(item, "sk")) else { return };
        if self.now.place.get(&key) == place.as_ref() {
            return;
        }
        self.now.apply(key.clone(), place.clone());
        self.pending.push_back((at, key, place));
    }

    fn query(&mut self, name: &str, request: &Value, until: Duration) -> String {
        self.seen = self.seen.max(until);
        while let Some((at, _, _)) = self.pending.front()
            && *at <= self.seen
        {
            if let Some((_, key, place)) = self.pending.pop_front() {
                self.behind.apply(key, place);
            }
        }
        let values = &request["ExpressionAttributeValues"];
        let list = text(values, ":pk").unwrap_or_default();
        let (until, prefix) = (text(values, ":until"), text(values, ":prefix").unwrap_or_default());
        let from = (list.clone(), String::new(), Key::default());
        let begin = text(values, ":from").unwrap_or_default();
        let fits = |place: &str| {
            until.as_deref().is_none_or(|until| place <= until) && place >= begin.as_str() && place.starts_with(&prefix)
        };
        let (pk_name, sk_name) = (format!("{name}_pk"), format!("{name}_sk"));
        let items: Vec<Value> = self
            .behind
            .sorted
            .range(from..)
            .take_while(|(pk, _, _)| *pk == list)
            .filter(|(_, sk, _)| fits(sk))
            .map(|(pk, sk, key)| {
                json!({"pk": {"S": key.0}, "sk": {"S": key.1}, &pk_name: {"S": pk}, &sk_name: {"S": sk}})
            })
            .collect();
        let capacity = json!({"TableName": request["TableName"], "CapacityUnits": 0.5});
        json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items, "ConsumedCapacity": capacity})
            .to_string()
    }

    fn listed(&self, lists: &str) -> Vec<(String, String, Key)> {
        let from = (lists.to_owned(), String::new(), Key::default());
        self.now.sorted.range(from..).take_while(|(pk, _, _)| pk.starts_with(lists)).cloned().collect()
    }
}
