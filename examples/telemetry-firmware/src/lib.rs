//! What the programs of this example share: the machine and its network.
#![no_std]

pub mod board;
pub mod handwritten;
pub mod mac;
pub mod network;
pub mod reading;
pub mod sensor;
