//! Redis pipelining without sockets, clocks or a heap.
#![no_std]
