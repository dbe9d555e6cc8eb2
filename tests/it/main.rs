//! One binary, one link step: the modules below are the tests.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an expectation that fails is a test that fails, and numbers are printed"
)]

mod acts;
mod architecture;
mod attention;
mod budget;
mod carriers;
mod catalogue;
mod connect;
mod console;
mod console_lists;
mod crash;
mod crash_connections;
mod custom_fields;
mod desk;
mod desk_pages;
mod ends;
mod explain;
mod models;
mod models_field;
mod models_tiktok;
mod newcomer;
mod oracle;
mod orders;
mod people;
mod refresh;
mod refusals;
mod reminders;
mod replay;
mod security;
mod shards;
mod sim;
mod sim_told;
mod slow;
mod store_adobe;
mod store_connect;
mod store_contract;
mod store_corpus;
mod store_healing;
mod store_http;
mod store_samples;
mod story;
mod template;
mod tenants;
mod tiktok_client;
mod tiktok_webhooks;
mod token_stores;
mod wake;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
