//! The transport against real servers, over two smoltcp interfaces and a cable between them.

mod bad_input;
mod board;
mod closing;
mod conformance;
mod device;
mod exactly_once;
mod faults;
mod link;
mod server;
mod waiting;
