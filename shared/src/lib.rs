//! The crate behind every function: one room per outside thing, flows compose them.
//!
//! ```text
//! flows -> app -> { stores  tiktok  tokens  table  carriers } -> domain
//! ```
//! Arrows only go right, and adapters never import each other. `outbound` is the only sender of HTTP,
//! `config` the only reader of the environment.

pub mod app;
pub mod aws;
pub mod carriers;
pub mod config;
pub mod domain;
pub mod flows;
pub mod mail;
pub mod outbound;
pub mod stores;
pub mod table;
pub mod telemetry;
pub mod tiktok;
pub mod tokens;
pub mod web;
