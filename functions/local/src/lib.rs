<<<<<<< HEAD
//! The program `waybill` on one machine.

pub mod decode;
=======
//! The machine on a desk: every function on loopback, the demo, and the model of the outside world.

pub mod model;
>>>>>>> model
