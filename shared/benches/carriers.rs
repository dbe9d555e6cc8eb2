//! The carrier rules run for every parcel: identify and carrier match stay below 20 µs at the median on one core, and
//! no text of 50 kB costs more than 1 ms.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use waybill::carriers::{
    Approved, Catalogue, LiveList, Provider, Question, Scope, Wishes, carrier_line, identify_line,
};
use waybill::domain::ids::ProviderId;
use waybill::domain::region::Region;

const NUMBERS: [&str; 8] = [
    "9400111206206406260787",
    "1Z 999 AA1 01 2345 6784",
    "790535312317",
    "TBA010000000000",
    "3318810025",
    "JJD0002255380054291",
    "N/A",
    "420112139261290983497923666238",
];
const NAMES: [&str; 8] = [
    "USPS",
    "Royal Mail Tracked 48®",
    "Fed-Ex Express Saver",
    "Parcelfroce",
    "DHL",
    "Free shipping",
    "Evri - Economy, Medium Parcel (0-15kg)",
    "Somebody's local courier service",
];

fn carriers(c: &mut Criterion) {
    let catalogue = Catalogue::bundled();
    let us = Region::new("US");
    let approved = Approved::bundled(catalogue, Some(&us));
    let scope = Scope { approved: &approved, named: None, references: &[] };
    let mut at = 0;
    let mut next = move || {
        at += 1;
        at % 8
    };

    c.bench_function("identify: read a number and find its shapes", |b| {
        b.iter(|| catalogue.read(black_box(NUMBERS[next()]), &scope));
    });
    c.bench_function("identify: the whole line with verdict", |b| {
        b.iter(|| identify_line(catalogue, black_box(NUMBERS[next()]), Some(&us), Some("usps"), Wishes::default()));
    });
    c.bench_function("carrier: match a name", |b| {
        b.iter(|| catalogue.by_name(black_box(NAMES[next()]), Some(&us), None));
    });
    c.bench_function("carrier: the whole line with alternatives", |b| {
        b.iter(|| carrier_line(catalogue, black_box(NAMES[next()]), Some(&us), None));
    });

    let live: Vec<Provider> = approved
        .carriers(catalogue)
        .enumerate()
        .filter_map(|(at, carrier)| {
            Some(Provider { id: ProviderId::parse(at.to_string()).ok()?, name: carrier.name.clone() })
        })
        .collect();
    let list = LiveList::new(catalogue, &us, &live);
    c.bench_function("resolve: one parcel on a live list of 64", |b| {
        b.iter(|| {
            let question = Question {
                store_name: Some(NAMES[next()]),
                number: NUMBERS[next()],
                region: &us,
                platform: None,
                merchant_choice: None,
                references: &[],
                wishes: Wishes::default(),
            };
            list.resolve(black_box(&question))
        });
    });

    for (what, text) in
        [("digits", "9".repeat(50_000)), ("words", "1Z ,".repeat(12_500)), ("ligatures", "\u{fdfa}".repeat(16_000))]
    {
        c.bench_function(&format!("a 50 kB number of {what}"), |b| b.iter(|| catalogue.read(black_box(&text), &scope)));
        c.bench_function(&format!("a 50 kB name of {what}"), |b| {
            b.iter(|| catalogue.by_name(black_box(&text), None, None))
        });
    }
    // The longest texts that are still read.
    for (what, text) in [("words", "1Z9 AB ,".repeat(249)), ("ligatures", "\u{fdfa}".repeat(660))] {
        c.bench_function(&format!("a 2 kB number of {what}"), |b| b.iter(|| catalogue.read(black_box(&text), &scope)));
    }
    let letters = "a b ".repeat(75);
    c.bench_function("a 300 byte name of single letters", |b| {
        b.iter(|| catalogue.by_name(black_box(&letters), None, None))
    });
    let (carriers, meta, names) = (
        include_str!("../data/carriers/carriers.json"),
        include_str!("../data/carriers/carriers-meta.json"),
        include_str!("../data/carriers/store-carrier-names.json"),
    );
    c.bench_function("load the catalogue", |b| b.iter(|| Catalogue::from_json(carriers, meta, names)));
}

criterion_group!(benches, carriers);
criterion_main!(benches);
