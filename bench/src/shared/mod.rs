//! One connection that many tasks share: what is asked of it, and the clients that can do it.
//!
//! [`Handle`] is what a client offers to a task; its own file in `peers` implements it. [`Session`] is a connected client
//! with its runtime, the same for all of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::peers::Client;
use crate::workload::{Tally, Workload};

mod cancel;
mod far;
mod gets;
mod lone;

pub use cancel::{Cancelled, prepare as prepare_cancel};

/// Tasks that share the connection.
pub const TASKS: usize = 256;

/// What the tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    Current,
    Two,
}

impl Threads {
    pub const ALL: [Threads; 2] = [Threads::Current, Threads::Two];

    pub fn name(self) -> &'static str {
        match self {
            Threads::Current => "current-thread",
            Threads::Two => "two-workers",
        }
    }

    pub fn named(name: &str) -> Option<Threads> {
        Threads::ALL
            .into_iter()
            .find(|threads| threads.name() == name)
    }

    fn runtime(self) -> Result<Runtime> {
        let mut builder = match self {
            Threads::Current => Builder::new_current_thread(),
            Threads::Two => Builder::new_multi_thread(),
        };
        Ok(builder.worker_threads(2).enable_all().build()?)
    }
}

/// One task's handle of a shared connection.
pub trait Handle: Clone + Send + Sync + 'static {
    fn connect(port: u16) -> impl Future<Output = Result<Self>>;

    /// GET, in the client's cheapest documented form; `see` looks at the value's bytes.
    fn get<T: Send>(
        &mut self,
        key: &str,
        see: impl FnOnce(&[u8]) -> T + Send,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Commands that the client still waits for or keeps, if it can tell.
    fn outstanding(&self) -> Option<usize> {
        None
    }
}

/// A handle with explicit pipelines.
pub trait Pipelines: Handle {
    /// Connects for pipelines of so many commands.
    fn connect_deep(port: u16, depth: usize) -> impl Future<Output = Result<Self>> {
        // Most clients do not ask.
        let _ = depth;
        Self::connect(port)
    }

    /// As [`Client::run`].
    fn pipelines(
        &mut self,
        workload: &Workload,
        depth: usize,
        count: usize,
    ) -> impl Future<Output = Result<Tally>>;
}

/// A connected client, whichever it is.
pub trait Session {
    /// So many GETs by all tasks together, each task one after the other.
    fn gets(&mut self, workload: &Arc<Workload>, calls: usize) -> Result<Tally>;

    /// How long each of so many GETs took of a caller that calls now and then, while all other tasks do nothing but call.
    fn lone(&mut self, workload: &Arc<Workload>, calls: usize) -> Result<Vec<Duration>>;

    /// How long each of so many GETs took of tasks that call at any moment.
    fn far(&mut self, workload: &Arc<Workload>, calls: usize) -> Result<Vec<Duration>>;

    /// So many GETs of which one in ten is given up on the way.
    fn cancelled(&mut self, calls: usize) -> Result<Cancelled>;
}

/// A client with a runtime of its own.
pub struct InRuntime<H> {
    handle: H,
    runtime: Runtime,
}

impl<H: Handle> InRuntime<H> {
    pub fn connect(port: u16, threads: Threads) -> Result<InRuntime<H>> {
        let runtime = threads.runtime()?;
        let handle = runtime.block_on(H::connect(port))?;
        Ok(InRuntime { handle, runtime })
    }
}

impl<P: Pipelines> InRuntime<P> {
    /// On the runtime where a client costs least.
    pub fn connect_deep(port: u16, depth: usize) -> Result<InRuntime<P>> {
        let runtime = Threads::Current.runtime()?;
        let handle = runtime.block_on(P::connect_deep(port, depth))?;
        Ok(InRuntime { handle, runtime })
    }
}

impl<P: Pipelines> Client for InRuntime<P> {
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally> {
        self.runtime
            .block_on(self.handle.pipelines(workload, depth, count))
    }
}

impl<H: Handle> Session for InRuntime<H> {
    fn gets(&mut self, workload: &Arc<Workload>, calls: usize) -> Result<Tally> {
        self.runtime
            .block_on(gets::run(&self.handle, workload, calls))
    }

    fn lone(&mut self, workload: &Arc<Workload>, calls: usize) -> Result<Vec<Duration>> {
        self.runtime
            .block_on(lone::run(&self.handle, workload, calls))
    }

    fn far(&mut self, workload: &Arc<Workload>, calls: usize) -> Result<Vec<Duration>> {
        self.runtime
            .block_on(far::run(&self.handle, workload, calls))
    }

    fn cancelled(&mut self, calls: usize) -> Result<Cancelled> {
        self.runtime.block_on(cancel::run(&self.handle, calls))
    }
}
