//! The pump over TCP to real servers, through `embedded-io-adapters`.

use core::cell::RefCell;
use std::time;

use embassy_sync::blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex};
use embedded_io_adapters::tokio_1::FromTokio;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{
    Config, Heap, Inline, LoginBuf, PipelineError, Resend, Sizes, State, Why,
};
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, Event, Fate, Instant, Login, cmd};
use respipe_embedded_io::{Client, Clock, End, Pump};
use respipe_testkit::process::{self, Launch, ServerProcess};
use tokio::io::BufWriter;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Time since the first look.
struct Hosted;

impl Hosted {
    fn origin() -> time::Instant {
        static ORIGIN: std::sync::OnceLock<time::Instant> = std::sync::OnceLock::new();
        *ORIGIN.get_or_init(time::Instant::now)
    }
}

impl Clock for Hosted {
    fn now(&self) -> Instant {
        Instant::ZERO.after(Self::origin().elapsed().into())
    }

    async fn wait_until(&self, at: Instant) {
        let at = Self::origin() + time::Duration::from_micros(at.as_micros());
        tokio::time::sleep_until(at.into()).await;
    }
}

/// Starts the first server that this machine has; `None` if there is none, which was said.
fn server(configure: impl Fn(Launch) -> Launch) -> Result<Option<ServerProcess>> {
    let Some(binary) = process::servers().into_iter().next() else {
        respipe_testkit::skip("no redis-server or valkey-server on the PATH");
        return Ok(None);
    };
    Ok(Some(configure(Launch::new(&binary)).start()?))
}

async fn halves(
    server: &ServerProcess,
) -> Result<(FromTokio<OwnedReadHalf>, FromTokio<OwnedWriteHalf>)> {
    let (reader, writer) = TcpStream::connect(server.address()).await?.into_split();
    Ok((FromTokio::new(reader), FromTokio::new(writer)))
}

fn quick() -> Backoff {
    Backoff {
        first_delay: Duration::from_millis(5),
        max_delay: Duration::from_millis(50),
    }
}

#[tokio::test]
async fn tasks_share_a_connection_and_replies_come_in_order() -> Result {
    const EACH: u32 = 500;
    let Some(server) = server(|launch| launch)? else {
        return Ok(());
    };
    let client: Client<NoopRawMutex, Inline<256, 128, 8>, _> = Client::new(Inline::new(), Hosted);
    let (mut read, mut write) = ([0; 64], [0; 64]);
    let mut pump = Pump::new(&client, &mut read, &mut write);
    let (reader, writer) = halves(&server).await?;
    let counted = RefCell::new(Vec::new());
    let run = pump.run(reader, writer, |event, _| match event {
        Event::Reply { tag, reply } => counted.borrow_mut().push((tag, reply.as_i64())),
        event => panic!("{event:?}"),
    });
    let task = async |name: u32| {
        for _ in 0..EACH {
            let done = client
                .submit_when_room(&cmd("INCR").arg("hits"), name)
                .await;
            done.expect("the link lives");
        }
    };
    let tasks = async {
        // It takes nothing before there is a connection.
        while client.pipeline(|pipeline| pipeline.state()) != Some(State::Up) {
            tokio::task::yield_now().await;
        }
        tokio::join!(task(1), task(2), task(3));
        client.close();
    };
    let (end, ()) = tokio::join!(run, tasks);
    assert_eq!(end, End::Closed);
    let counted = counted.into_inner();
    let counts: Vec<_> = counted.iter().map(|(_, count)| *count).collect();
    let expected: Vec<_> = (1..=i64::from(3 * EACH)).map(Ok).collect();
    assert_eq!(counts, expected);
    for name in 1..=3 {
        let told = counted.iter().filter(|(tag, _)| *tag == name).count();
        assert_eq!(told, EACH as usize);
    }
    Ok(())
}

/// Connects, runs and pauses until the client is closed.
async fn keep_up<S, F>(
    client: &Client<NoopRawMutex, S, Hosted>,
    server: core::net::SocketAddr,
    mut on_event: F,
) -> Vec<End>
where
    S: respipe_core::pipeline::Storage,
    F: FnMut(Event<'_, S::Tag>, bool),
{
    let (mut read, mut write) = ([0; 64], [0; 64]);
    let mut pump = Pump::new(client, &mut read, &mut write).with_backoff(quick());
    let mut ends = Vec::new();
    loop {
        if let Ok(stream) = TcpStream::connect(server).await {
            let (reader, writer) = stream.into_split();
            let (reader, writer) = (FromTokio::new(reader), FromTokio::new(writer));
            ends.push(pump.run(reader, writer, &mut on_event).await);
        }
        if !pump.pause(fastrand::u32(..), &mut on_event).await {
            return ends;
        }
    }
}

#[tokio::test]
async fn what_was_queued_while_the_server_was_gone_is_sent_when_it_is_back() -> Result {
    let Some(mut server) = server(|launch| launch)? else {
        return Ok(());
    };
    let client: Client<_, Inline<1024, 128, 16>, _> = Client::new(Inline::new(), Hosted);
    client.configure(Config {
        resend: Resend::NotSent,
        ..Config::DEFAULT
    });
    let told = RefCell::new(Vec::new());
    let on_event = |event: Event<'_, u32>, _| match event {
        Event::Reply { tag, reply } => told.borrow_mut().push((tag, reply.as_i64())),
        event => panic!("{event:?}"),
    };
    let until_told = async |n: usize| {
        while told.borrow().len() < n {
            tokio::task::yield_now().await;
        }
    };
    let address = server.address();
    let story = async {
        client.submit(&cmd("INCR").arg("n"), 1).expect("kept");
        until_told(1).await;
        server.kill()?;
        while client.pipeline(|pipeline| pipeline.state()) != Some(State::Down) {
            tokio::task::yield_now().await;
        }
        for tag in 2..=9 {
            client.submit(&cmd("INCR").arg("n"), tag).expect("kept");
        }
        server.restart()?;
        until_told(9).await;
        client.close();
        Result::Ok(())
    };
    let (ends, story) = tokio::join!(keep_up(&client, address, on_event), story);
    story?;
    assert_eq!(ends.last(), Some(&End::Closed));
    // The server that came back knew nothing of the first.
    let expected = [(1, Ok(1))].into_iter();
    let expected: Vec<_> = expected
        .chain((2..=9).map(|tag| (tag, Ok(i64::from(tag) - 1))))
        .collect();
    assert_eq!(told.into_inner(), expected);
    Ok(())
}

#[tokio::test]
async fn a_server_that_stands_still_is_given_up() -> Result {
    let Some(server) = server(|launch| launch)? else {
        return Ok(());
    };
    let client: Client<NoopRawMutex, Inline<256, 128, 8>, _> = Client::new(Inline::new(), Hosted);
    client.configure(Config {
        silence_limit: Duration::from_millis(100),
        ..Config::DEFAULT
    });
    let (mut read, mut write) = ([0; 64], [0; 64]);
    let mut pump = Pump::new(&client, &mut read, &mut write);
    let (reader, writer) = halves(&server).await?;
    let mut ended = 0;
    let run = pump.run(reader, writer, |event, _| {
        ended += u32::from(matches!(event, Event::Ended { .. }));
    });
    let story = async {
        while client.pipeline(|pipeline| pipeline.state()) != Some(State::Up) {
            tokio::task::yield_now().await;
        }
        server.pause()?;
        client.submit(&cmd("PING"), 1).expect("the link lives");
        Result::Ok(())
    };
    let (end, story) = tokio::join!(run, story);
    server.resume()?;
    story?;
    assert_eq!((end, ended), (End::Failed(PipelineError::Silence), 1));
    Ok(())
}

#[tokio::test]
async fn a_buffered_writer_is_flushed_when_nothing_else_waits() -> Result {
    let Some(server) = server(|launch| launch)? else {
        return Ok(());
    };
    let client: Client<NoopRawMutex, Inline<256, 128, 8>, _> = Client::new(Inline::new(), Hosted);
    let (mut read, mut write) = ([0; 64], [0; 64]);
    let mut pump = Pump::new(&client, &mut read, &mut write);
    let (reader, writer) = TcpStream::connect(server.address()).await?.into_split();
    let writer = FromTokio::new(BufWriter::with_capacity(8192, writer));
    let mut stored = 0;
    let run = pump.run(FromTokio::new(reader), writer, |event, _| match event {
        Event::Reply { tag: 1, reply } if reply.is_ok() => stored += 1,
        event => panic!("{event:?}"),
    });
    let story = async {
        while client.pipeline(|pipeline| pipeline.state()) != Some(State::Up) {
            tokio::task::yield_now().await;
        }
        client
            .submit(&cmd("SET").args(("a", 1)), 1)
            .expect("the link lives");
        client.close();
    };
    let (end, ()) = tokio::join!(run, story);
    assert_eq!((end, stored), (End::Closed, 1));
    Ok(())
}

#[tokio::test]
async fn a_password_and_a_database_are_part_of_each_connection() -> Result {
    let Some(server) = server(|launch| launch.password("secret"))? else {
        return Ok(());
    };
    let sizes = Sizes {
        tx: 256,
        rx: 512,
        depth: 4,
    };
    let mut login = LoginBuf {
        protocol: Protocol::Auto,
        password: "secret".into(),
        database: 3,
        ..LoginBuf::default()
    };
    for wrong in [false, true] {
        if wrong {
            login.password = "guess".into();
        }
        let client: Client<NoopRawMutex, _, _> =
            Client::new(Heap::<u32>::new(sizes, login.clone()), Hosted);
        client.configure(Config {
            resend: Resend::NotSent,
            ..Config::DEFAULT
        });
        client.submit(&cmd("CLIENT").arg("INFO"), 1).expect("kept");
        client.close();
        let (mut read, mut write) = ([0; 64], [0; 64]);
        let mut pump = Pump::new(&client, &mut read, &mut write);
        let (reader, writer) = halves(&server).await?;
        let mut info = String::new();
        let on_event = |event: Event<'_, u32>, _| match event {
            Event::Reply { reply, .. } => info = reply.as_str().unwrap_or_default().to_owned(),
            Event::TooLarge { head, .. } => info = String::from_utf8_lossy(head).into_owned(),
            Event::Ended { .. } => {}
            event => panic!("{event:?}"),
        };
        let end = pump.run(reader, writer, on_event).await;
        if wrong {
            assert_eq!(end, End::Failed(PipelineError::LoginRefused));
        } else {
            assert_eq!(end, End::Closed);
            assert!(info.contains("id="), "{info}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_thread_submits_to_a_client_in_a_static() -> Result {
    static CLIENT: Client<CriticalSectionRawMutex, Inline<512, 128, 16>, Hosted> =
        Client::new(Inline::new(), Hosted);
    static LOGIN: Login<'static> = Login::NONE;

    let Some(server) = server(|launch| launch)? else {
        return Ok(());
    };
    CLIENT.pipeline(|pipeline| pipeline.storage_mut().set_login(&LOGIN));
    CLIENT.configure(Config {
        resend: Resend::NotSent,
        ..Config::DEFAULT
    });
    let (mut read, mut write) = ([0; 64], [0; 64]);
    let mut pump = Pump::new(&CLIENT, &mut read, &mut write);
    let (reader, writer) = halves(&server).await?;
    let thread = std::thread::spawn(|| {
        for tag in 0..1_000 {
            while CLIENT.submit(&cmd("INCR").arg("n"), tag).is_err() {
                std::thread::yield_now();
            }
        }
        CLIENT.close();
    });
    let mut told = Vec::new();
    let run = pump.run(reader, writer, |event, _| match event {
        Event::Reply { tag, reply } => {
            assert_eq!(reply.as_i64(), Ok(i64::from(tag) + 1));
            told.push(tag);
        }
        event => panic!("{event:?}"),
    });
    assert_eq!(run.await, End::Closed);
    thread.join().expect("the thread does not panic");
    assert_eq!(told, (0..1_000).collect::<Vec<_>>());
    Ok(())
}

/// A server that reads nothing, answers nothing and never stops sending pushes.
fn chatterbox() -> std::io::Result<core::net::SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let pushes = b">2\r\n+invalidate\r\n_\r\n".repeat(1_000);
        while std::io::Write::write_all(&mut stream, &pushes).is_ok() {}
        Ok::<(), std::io::Error>(())
    });
    Ok(address)
}

#[tokio::test]
async fn a_server_that_never_stops_sending_cannot_put_off_a_close() -> Result {
    let client: Client<NoopRawMutex, Inline<256, 128, 8>, _> = Client::new(Inline::new(), Hosted);
    client.configure(Config {
        silence_limit: Duration::from_millis(50),
        ..Config::DEFAULT
    });
    let (mut read, mut write) = ([0; 64], [0; 64]);
    let pump = Pump::new(&client, &mut read, &mut write);
    let mut pump = pump.with_close_timeout(Duration::from_millis(200));
    let (reader, writer) = TcpStream::connect(chatterbox()?).await?.into_split();
    let (mut told, mut chatted) = (None, false);
    let run = pump.run(
        FromTokio::new(reader),
        FromTokio::new(writer),
        |event, _| match event {
            Event::Push(_) => chatted = true,
            Event::Ended { tag, fate } => told = Some((tag, fate)),
            event => panic!("{event:?}"),
        },
    );
    let close = async {
        while client.submit(&cmd("PING"), 7).is_err() {
            tokio::task::yield_now().await;
        }
        client.close();
    };
    let (end, ()) = tokio::join!(run, close);
    assert_eq!((end, chatted), (End::CloseTimeout, true));
    assert_eq!(told, Some((7, Fate::Unknown(Why::LinkLost))));
    Ok(())
}
