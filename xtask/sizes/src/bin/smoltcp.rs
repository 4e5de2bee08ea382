//! The floor: smoltcp, and a socket that is opened again when it has closed and moves raw bytes.

#![no_std]
#![no_main]

use core::hint::black_box;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut buffer = [0; 64];
    sizes::run(|net| {
        let socket = net.socket();
        if !socket.is_open() {
            net.connect();
            return;
        }
        if socket.can_recv() && socket.recv_slice(black_box(&mut buffer)).is_err() {
            socket.close();
        }
        if socket.can_send() && socket.send_slice(black_box(&buffer)).is_err() {
            socket.abort();
        }
    })
}
