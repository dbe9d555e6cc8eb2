//! What the business does; the only room that composes adapters. Each wing is woken by something else:
//!
//! | Wing | Woken by | Does |
//! |---|---|---|
//! | `intake` | a store's or TikTok's webhook, a poll | reads what a store says and keeps it as rows |
//! | `push` | the minute's schedule, a webhook on one machine | decides each waiting parcel and calls TikTok |
//! | `orders` | the minute's schedule, after the parcels | reads TikTok's orders, keeps them, runs their clocks |
//! | `connect` | a person in the console or a command | connects and removes shops and stores, signs people in |
//! | `acts` | a button, a command | what people settle: retry, dismiss, confirm, choose, link, correct; each in the audit |
//! | `access` | every wing that calls out | credentials, hosts and the sending itself |
//! | `calls` | every wing that calls TikTok for a shop | token, pace, park and rest of each call, within a budget |
//! | `carriers` | the push, a person who maps | carrier lists, names and mappings |
//! | `tell` | `tick`, a mail service's notice | mails, their links, bounces |
//! | `tick` | the five-minute schedule | refreshes, reminders, polls, repairs: what is due |
//! | `views` | a page, a command, a mail | what needs a hand and what waits, read once for all who show it |

pub mod access;
pub mod acts;
pub mod calls;
pub mod carriers;
pub mod connect;
pub mod intake;
pub mod orders;
pub mod push;
pub mod tell;
pub mod tick;
pub mod views;
