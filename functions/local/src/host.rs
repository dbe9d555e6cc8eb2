//! Hosts the functions on loopback.
