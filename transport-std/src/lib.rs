//! Blocking Redis pipelining.
