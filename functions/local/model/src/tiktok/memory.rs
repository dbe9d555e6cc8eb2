//! Where something was found last: a town of ten thousand shops is not walked through for every call. What is remembered is
//! looked at again before it is believed.

use super::state::{Grant, Shop, State};
use std::cell::RefCell;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Shops by cipher.
    ciphers: RefCell<HashMap<String, String>>,
    /// Places of grants by a token, or by their open id.
    grants: RefCell<HashMap<String, usize>>,
}

impl State {
    pub(super) fn shop_of_cipher(&self, cipher: &str) -> Option<&Shop> {
        let id = self.memory.ciphers.borrow().get(cipher).cloned();
        if let Some(shop) = id.and_then(|id| self.shops.get(&id)).filter(|shop| shop.cipher == cipher) {
            return Some(shop);
        }
        let shop = self.shops.values().find(|shop| shop.cipher == cipher)?;
        self.memory.ciphers.borrow_mut().insert(cipher.to_owned(), shop.id.clone());
        Some(shop)
    }

    /// The place of the grant that fits; `word`: the token or id that it has to fit.
    pub(super) fn place_of_grant(&self, word: &str, fits: impl Fn(&Grant) -> bool) -> Option<usize> {
        let known = self.memory.grants.borrow().get(word).copied();
        if let Some(place) = known.filter(|place| self.grants.get(*place).is_some_and(&fits)) {
            return Some(place);
        }
        let place = self.grants.iter().position(fits)?;
        self.memory.grants.borrow_mut().insert(word.to_owned(), place);
        Some(place)
    }

    pub(super) fn grant_of(&self, open_id: &str) -> Option<&Grant> {
        self.grants.get(self.place_of_grant(open_id, |grant| grant.open_id == open_id)?)
    }
}
