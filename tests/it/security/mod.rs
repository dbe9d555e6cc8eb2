//! What strangers, tenants and readers of a row try, and what must not come of it.

mod bad_deliveries;
mod credentials;
mod host;
mod leaving;
mod login;
mod rounds;
