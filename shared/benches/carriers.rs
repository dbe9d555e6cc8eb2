//! The carrier rules run for every parcel: identify and carrier match stay below 20 µs, any 50 kB text below 1 ms.
fn main() {}
