//! Made-up buyer data that the models put into their answers.
//!
//! A client must never keep or print any of it, so tests search for these words in every row, log line, page, mail and
//! metric.

/// First name, surname, mail, telephone, street, town, postcode, nickname.
pub const BUYER: [&str; 8] = [
    "CanaryBuyerName",
    "CanaryBuyerSurname",
    "canary-buyer@mail.example",
    "(+1)5550100199",
    "99 Canary Lane",
    "Canaryville",
    "CANARY-00199",
    "canary-nickname",
];
