//! Pure rules: no async, no AWS, no HTTP, no clock reads. Imports nothing of ours.

pub mod allocation;
pub mod clock;
pub mod connection;
pub mod cost;
pub mod custom_fields;
pub mod deadline;
pub mod decision;
pub mod fulfilment;
pub mod history;
pub mod ids;
pub mod image_rules;
pub mod intake;
pub mod labels;
pub mod mail_list;
pub mod markup;
pub mod moves;
pub mod numbers;
pub mod order;
pub mod order_facts;
pub mod order_row;
pub mod parcel;
pub mod parcel_state;
pub mod people;
pub mod platform;
pub mod private;
pub mod reason;
pub mod reauthorisation;
pub mod region;
pub mod retry;
pub mod telling;
pub mod tracking;
pub mod tracking_event;
pub mod visit;

#[cfg(test)]
pub(crate) mod samples;
