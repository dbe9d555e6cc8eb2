//! Model stores: the merchants' side of the outside world.
