//! One connection through the proxy: two lanes of two threads each.
//!
//! Threads block for one turn at most, so that a stop, a stall or a reset is seen soon without any signal between them. A reset is
//! sent by closing both sockets with SO_LINGER 0, which happens when the last thread has let go of the connection.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::Shared;
use super::faults::{Direction, End, Faults, Lane};
use super::line::{Item, Line, TURN};

/// Threads a connection.
pub(super) const THREADS: usize = 4;
/// Bytes read at once.
const READ: usize = 64 * 1024;
/// How soon a stall is seen to be over.
const STALL_TURN: Duration = Duration::from_millis(2);
/// Writes a second of a throttled lane, as long as each is at least a byte.
const THROTTLED_WRITES: u64 = 100;

#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    server: TcpStream,
    faults: Faults,
    opened: Instant,
    shared: Arc<Shared>,
    lines: [Line; 2],
    /// By direction: set by [`End::Stall`].
    stalled: [AtomicBool; 2],
    /// By direction: its receiver has been told that the stream ended.
    shut: [AtomicBool; 2],
    broken: AtomicBool,
}

/// Starts the four threads of a connection.
pub(super) fn start(
    client: TcpStream,
    server: TcpStream,
    faults: Faults,
    shared: &Arc<Shared>,
) -> io::Result<Vec<JoinHandle<()>>> {
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TURN))?;
        stream.set_write_timeout(Some(TURN))?;
    }
    let connection = Arc::new(Connection {
        client,
        server,
        faults,
        opened: Instant::now(),
        shared: Arc::clone(shared),
        lines: Default::default(),
        stalled: Default::default(),
        shut: Default::default(),
        broken: AtomicBool::new(false),
    });
    shared.add(&connection);
    let mut threads = Vec::with_capacity(THREADS);
    for direction in Direction::BOTH {
        for work in [Connection::read_lane, Connection::write_lane] {
            let connection = Arc::clone(&connection);
            let thread = thread::Builder::new().name("proxy lane".to_owned());
            threads.push(thread.spawn(move || work(&connection, direction))?);
        }
    }
    Ok(threads)
}

impl Connection {
    pub(super) fn under_way(&self, direction: Direction) -> usize {
        self.lines[direction.index()].bytes()
    }

    pub(super) fn resume(&self, direction: Direction) {
        self.stalled[direction.index()].store(false, Ordering::Release);
    }

    pub(super) fn end(&self, direction: Direction, end: End) {
        match end {
            End::Stall => self.stalled[direction.index()].store(true, Ordering::Release),
            End::HalfClose => self.shut(direction),
            End::Close => Direction::BOTH
                .into_iter()
                .for_each(|direction| self.shut(direction)),
            End::Reset => self.reset(),
        }
    }

    fn shut(&self, direction: Direction) {
        if !self.shut[direction.index()].swap(true, Ordering::AcqRel) {
            let _ = self.receiver(direction).shutdown(Shutdown::Write);
        }
    }

    fn reset(&self) {
        for stream in [&self.client, &self.server] {
            let _ = linger_zero(stream);
        }
        self.broken.store(true, Ordering::Release);
    }

    fn sender(&self, direction: Direction) -> &TcpStream {
        match direction {
            Direction::ToServer => &self.client,
            Direction::ToClient => &self.server,
        }
    }

    fn receiver(&self, direction: Direction) -> &TcpStream {
        self.sender(direction.opposite())
    }

    fn over(&self) -> bool {
        self.broken.load(Ordering::Acquire) || self.shared.stopped()
    }

    fn is_shut(&self, direction: Direction) -> bool {
        self.shut[direction.index()].load(Ordering::Acquire)
    }

    fn is_stalled(&self, direction: Direction) -> bool {
        let index = direction.index();
        self.stalled[index].load(Ordering::Acquire)
            || self.shared.stalled[index].load(Ordering::Acquire)
    }

    /// From the sender into the delay line, until the sender ends.
    fn read_lane(&self, direction: Direction) {
        let lane = self.faults.lane(direction);
        let line = &self.lines[direction.index()];
        let earliest = match direction {
            Direction::ToServer => self.opened + self.faults.opening(),
            Direction::ToClient => self.opened,
        };
        let mut buffer = vec![0; READ];
        while !self.over() {
            if self.is_stalled(direction) {
                thread::sleep(STALL_TURN);
                continue;
            }
            let mut item = match self.sender(direction).read(&mut buffer) {
                Ok(0) => Item::Eof,
                // Swallowed: whoever sends into a closed link must not be blocked by it.
                Ok(_) if self.is_shut(direction) => continue,
                Ok(n) => Item::Bytes(buffer[..n].to_vec()),
                Err(error) if is_turn(&error) => continue,
                Err(_) => return self.reset(),
            };
            let last = item == Item::Eof;
            let due = Instant::now().max(earliest) + lane.delay;
            while let Err(back) = line.push(due, item, Lane::CAPACITY) {
                if self.over() || self.is_shut(direction) {
                    break;
                }
                item = back;
            }
            if last {
                return;
            }
        }
    }

    /// From the delay line to the receiver, until the stream ends or the lane's fault strikes.
    fn write_lane(&self, direction: Direction) {
        let lane = self.faults.lane(direction);
        let line = &self.lines[direction.index()];
        let mut writer = LaneWriter::new(lane);
        while !self.over() && !self.is_shut(direction) {
            if let Some(end) = writer.take_end() {
                self.end(direction, end);
                continue;
            }
            match line.pop() {
                None => {}
                Some(Item::Eof) => return self.shut(direction),
                Some(Item::Bytes(bytes)) => {
                    if self.write(direction, &mut writer, &bytes).is_err() {
                        return self.reset();
                    }
                    line.written(bytes.len());
                }
            }
        }
    }

    fn write(&self, direction: Direction, writer: &mut LaneWriter, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.over() && !self.is_shut(direction) {
            if let Some(end) = writer.take_end() {
                self.end(direction, end);
            } else if self.is_stalled(direction) {
                thread::sleep(STALL_TURN);
            } else if let Some(wait) = writer.wait(Instant::now()) {
                thread::sleep(wait.min(TURN));
            } else {
                match self
                    .receiver(direction)
                    .write(&rest[..writer.allowed(rest.len())])
                {
                    Ok(n) => {
                        writer.wrote(n, Instant::now());
                        self.shared.forwarded[direction.index()]
                            .fetch_add(n as u64, Ordering::AcqRel);
                        rest = &rest[n..];
                    }
                    Err(error) if is_turn(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// How many bytes a lane may write, and when: its rules without its sockets.
#[derive(Debug)]
struct LaneWriter {
    piece: usize,
    bytes_per_second: Option<u64>,
    /// Bytes left until the lane ends, and how.
    end: Option<(u64, End)>,
    next: Option<Instant>,
}

impl LaneWriter {
    fn new(lane: &Lane) -> Self {
        let throttled = lane.bytes_per_second.map_or(usize::MAX, |rate| {
            usize::try_from(rate / THROTTLED_WRITES).unwrap_or(usize::MAX)
        });
        Self {
            piece: lane.piece.unwrap_or(usize::MAX).min(throttled.max(1)),
            bytes_per_second: lane.bytes_per_second,
            end: lane.end,
            next: None,
        }
    }

    /// The lane's end, once, when all bytes before it have been written.
    fn take_end(&mut self) -> Option<End> {
        let (_, end) = self.end.take_if(|(left, _)| *left == 0)?;
        Some(end)
    }

    /// How long a throttled lane has to wait.
    fn wait(&self, now: Instant) -> Option<Duration> {
        self.next?
            .checked_duration_since(now)
            .filter(|wait| !wait.is_zero())
    }

    fn allowed(&self, bytes: usize) -> usize {
        let left = self.end.map_or(usize::MAX, |(left, _)| {
            usize::try_from(left).unwrap_or(usize::MAX)
        });
        bytes.min(self.piece).min(left)
    }

    fn wrote(&mut self, bytes: usize, now: Instant) {
        if let Some((left, _)) = &mut self.end {
            *left -= bytes as u64;
        }
        if let Some(rate) = self.bytes_per_second {
            let cost = Duration::from_secs_f64(bytes as f64 / rate as f64);
            self.next = Some(self.next.unwrap_or(now).max(now) + cost);
        }
    }
}

/// The turn is over, nothing else happened.
fn is_turn(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// Makes the close of this socket a reset.
pub(crate) fn linger_zero(stream: &TcpStream) -> io::Result<()> {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_of_small_pieces_allows_no_larger_write() {
        let writer = LaneWriter::new(&Lane::new().pieces_of(3));
        assert_eq!(writer.allowed(100), 3);
        assert_eq!(writer.allowed(2), 2);
    }

    #[test]
    fn a_lane_ends_after_its_last_byte_and_not_a_byte_later() {
        let mut writer = LaneWriter::new(&Lane::new().after(5, End::Close));
        assert_eq!(writer.allowed(100), 5);
        writer.wrote(4, Instant::now());
        assert_eq!((writer.take_end(), writer.allowed(100)), (None, 1));
        writer.wrote(1, Instant::now());
        assert_eq!(writer.take_end(), Some(End::Close));
    }

    #[test]
    fn a_throttled_lane_waits_for_what_it_wrote() {
        let mut writer = LaneWriter::new(&Lane::new().bytes_per_second(1000));
        let now = Instant::now();
        assert_eq!(writer.allowed(5000), 10, "a hundred writes a second");
        assert_eq!(writer.wait(now), None);
        writer.wrote(10, now);
        assert_eq!(writer.wait(now), Some(Duration::from_millis(10)));
        assert_eq!(writer.wait(now + Duration::from_millis(10)), None);
    }
}
