//! Calls that are given up at a random point, among calls that are not.
//!
//! A key's value is the key itself, so that a reply that reaches another call than its own is seen. A call is given up
//! after a random number of polls: before the first, between encoding and write, while it is on its way, or just before
//! its reply would be taken.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::{Handle, TASKS};
use crate::Result;

const KEYS: u32 = 1000;

/// One call in so many is given up.
const ONE_IN: u32 = 10;

/// Polls after which a call is given up: none to so many, small numbers more often.
const MOST_POLLS: u32 = 16;

/// What became of the calls.
#[derive(Debug, Default)]
pub struct Cancelled {
    pub answered: usize,
    pub cancelled: usize,
    /// Answered with what another call had asked for.
    pub shifted: usize,
    /// Commands that the client still kept when all calls had ended; `None` if it cannot tell.
    pub leaked: Option<usize>,
}

/// Stores the keys that the calls ask for.
pub fn prepare(control: &mut redis::Connection) -> Result<()> {
    let mut pipe = redis::pipe();
    for number in 0..KEYS {
        let key = key(number);
        pipe.cmd("SET").arg(&key).arg(&key);
    }
    Ok(pipe.exec(control)?)
}

fn key(number: u32) -> String {
    format!("cancel:{number:09}")
}

pub(super) async fn run<H: Handle>(handle: &H, calls: usize) -> Result<Cancelled> {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let handle = handle.clone();
            let calls = calls / TASKS + usize::from(task < calls % TASKS);
            tokio::spawn(call(handle, calls, Random::new(task)))
        })
        .collect();
    let mut sum = Cancelled::default();
    for task in tasks {
        let one = task.await??;
        sum.answered += one.answered;
        sum.cancelled += one.cancelled;
        sum.shifted += one.shifted;
    }
    // When this one is answered, all that was sent before it has been answered too.
    let last = key(0);
    let whole = handle
        .clone()
        .get(&last, |value| value == last.as_bytes())
        .await?;
    sum.shifted += usize::from(!whole);
    sum.leaked = handle.outstanding();
    Ok(sum)
}

async fn call<H: Handle>(mut handle: H, calls: usize, mut random: Random) -> Result<Cancelled> {
    let mut sum = Cancelled::default();
    for _ in 0..calls {
        let key = key(random.below(KEYS));
        let call = handle.get(&key, |value| value == key.as_bytes());
        let whole = if random.below(ONE_IN) == 0 {
            let polls = random.below(MOST_POLLS);
            given_up(call, random.below(polls + 1)).await
        } else {
            Some(call.await)
        };
        match whole.transpose()? {
            Some(whole) => {
                sum.answered += 1;
                sum.shifted += usize::from(!whole);
            }
            None => sum.cancelled += 1,
        }
    }
    Ok(sum)
}

/// The future's result, or `None` if it has none after so many polls, one each turn of the scheduler.
async fn given_up<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Numbers that repeat from run to run (xorshift).
struct Random(u32);

impl Random {
    fn new(task: usize) -> Random {
        Random((task as u32 + 1).wrapping_mul(0x9e37_79b9))
    }

    /// Below `bound`, which is far below 2^32.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};
    use std::task::Poll;

    use super::super::{Handle, InRuntime, Session, Threads};
    use crate::Result;

    /// A client and its server in one: the server answers in the order of what was sent, the client hands replies out
    /// in the order of those whom it owes one.
    #[derive(Clone)]
    struct Fake<const FORGETS: bool>(Arc<Mutex<State>>);

    #[derive(Default)]
    struct State {
        sent: VecDeque<String>,
        owed: VecDeque<Place>,
    }

    type Place = Arc<Mutex<Option<String>>>;

    /// A caller who goes before its reply; a forgetful client owes it nothing then.
    struct Caller<'a, const FORGETS: bool>(&'a Mutex<State>, Place);

    impl<const FORGETS: bool> Drop for Caller<'_, FORGETS> {
        fn drop(&mut self) {
            if FORGETS {
                let mut state = self.0.lock().unwrap();
                state.owed.retain(|place| !Arc::ptr_eq(place, &self.1));
            }
        }
    }

    impl<const FORGETS: bool> Handle for Fake<FORGETS> {
        async fn connect(_port: u16) -> Result<Self> {
            let state = Arc::<Mutex<State>>::default();
            let server = Arc::clone(&state);
            tokio::spawn(async move {
                loop {
                    tokio::task::yield_now().await;
                    let mut state = server.lock().unwrap();
                    for _ in 0..100 {
                        let answered = (state.sent.pop_front(), state.owed.pop_front());
                        if let (Some(key), Some(place)) = answered {
                            *place.lock().unwrap() = Some(key);
                        }
                    }
                }
            });
            Ok(Fake(state))
        }

        async fn get<T: Send>(
            &mut self,
            key: &str,
            see: impl FnOnce(&[u8]) -> T + Send,
        ) -> Result<T> {
            let place = Place::default();
            {
                let mut state = self.0.lock().unwrap();
                state.sent.push_back(key.to_owned());
                state.owed.push_back(Arc::clone(&place));
            }
            let caller = Caller::<FORGETS>(&self.0, place);
            let value = poll_fn(|context| match caller.1.lock().unwrap().take() {
                Some(value) => Poll::Ready(value),
                None => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            });
            Ok(see(value.await.as_bytes()))
        }

        fn outstanding(&self) -> Option<usize> {
            Some(self.0.lock().unwrap().owed.len())
        }
    }

    #[test]
    fn a_client_that_forgets_what_it_owes_is_found_out_and_an_honest_one_is_not() {
        let mut honest = InRuntime::<Fake<false>>::connect(0, Threads::Current).unwrap();
        let became = honest.cancelled(10_000).unwrap();
        assert_eq!(became.answered + became.cancelled, 10_000);
        assert!(became.cancelled > 100, "{became:?}");
        assert_eq!((became.shifted, became.leaked), (0, Some(0)));

        let mut forgetful = InRuntime::<Fake<true>>::connect(0, Threads::Current).unwrap();
        let became = forgetful.cancelled(10_000).unwrap();
        assert!(became.shifted > 100, "{became:?}");
    }
}
